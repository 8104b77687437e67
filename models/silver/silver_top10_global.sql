{{
    config(
        unique_key=['week', 'category', 'weekly_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

records as (

    {{ weekly_records(ref('bronze_top10_global')) }}

),

typed as (

    select
        {{ parse_iso_date('week') }} as week,
        {{ clean_text('category') }} as category,
        {{ parse_number('weekly_rank', 'integer') }} as weekly_rank,
        {{ clean_text('show_title') }} as show_title,
        {{ clean_text("nullif(season_title, 'N/A')") }} as season_title,
        {{ parse_number('weekly_hours_viewed', 'bigint') }} as weekly_hours_viewed,
        {{ parse_hours('runtime') }} as runtime_hours,
        {{ parse_number('weekly_views', 'bigint') }} as weekly_views,
        {{ parse_number('cumulative_weeks_in_top_10', 'integer') }} as cumulative_weeks_in_top_10,
        case lower(trim(is_staggered_launch)) when 'true' then true when 'false' then false end as is_staggered_launch,
        {{ clean_text('episode_launch_details') }} as episode_launch_details,
        _row_number
    from records

),

ranked as (

    select
        *,
        {{ normalize_title('show_title') }} as normalized_title,
        {{ top10_type('category') }} as type,
        row_number() over (partition by week, category, weekly_rank order by _row_number desc) as recency
    from typed

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

    is_staggered_launch
from ranked
where recency = 1
