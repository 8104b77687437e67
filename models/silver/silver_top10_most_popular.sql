{{
    config(
        unique_key=['category', 'popularity_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

current_places as (

    {{ current_records('top10_most_popular') }}

),

places as (

    select
        *,
        {{ normalize_title('show_title') }} as normalized_title,
        {{ top10_type('category') }} as type
    from current_places

)

select
    category,
    popularity_rank,
    {{ generate_surrogate_key(['normalized_title', 'type']) }} as show_key,

    show_title,
    season_title,

    hours_viewed,
    window_days,
    views,
    runtime_hours,

    _untyped_values
from places
