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

-- Columns come and go at the source; what it published while it had them stays known.
values_before as (

    {{ values_before(top10_feed('global'), ref('silver_top10_global_verdicts')) }}

),

places as (

    select
        kept_places.week,
        kept_places.category,
        kept_places.weekly_rank,
        kept_places.show_title,
        kept_places.season_title,
        kept_places.weekly_hours_viewed,
        kept_places.cumulative_weeks_in_top_10,
        kept_places._untyped_values,
        coalesce(kept_places.episode_launch_details, values_before.episode_launch_details) as episode_launch_details,
        coalesce(
            kept_places.weekly_views,
            -- Views are hours divided by the length: those of other hours are not this row's.
            case
                when kept_places.weekly_hours_viewed = values_before.weekly_hours_viewed_by_weekly_views
                    then values_before.weekly_views
            end
        ) as weekly_views,
        coalesce(kept_places.runtime_hours, values_before.runtime_hours) as runtime_hours,
        coalesce(kept_places.is_staggered_launch, values_before.is_staggered_launch) as is_staggered_launch,
        {{ normalize_title('kept_places.show_title') }} as normalized_title,
        {{ top10_type('kept_places.category') }} as type
    from kept_places
    left join values_before
    on
        {{ same(file_columns() + ['week', 'category', 'weekly_rank', 'show_title'], 'kept_places', 'values_before') }}
        and coalesce(kept_places.season_title, '') = coalesce(values_before.season_title, '')

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
