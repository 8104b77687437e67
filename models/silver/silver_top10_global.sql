{{
    config(
        unique_key=['week', 'category', 'weekly_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

kept_places as (

    {{ kept_records(top10_feed('global'), ref('silver_top10_global_verdicts')) }}

),

places as (

    select
        *,
        {{ normalize_title('show_title') }} as normalized_title,
        {{ top10_type('category') }} as type
    from kept_places

)

select
    week,
    category,
    weekly_rank,
    {{ generate_surrogate_key(['normalized_title', 'type']) }} as show_key,

    show_title,
    season_title,
    episode_launch_details,

    weekly_hours_viewed,
    weekly_views,
    runtime_hours,
    cumulative_weeks_in_top_10,

    is_staggered_launch,

    _untyped_values
from places
