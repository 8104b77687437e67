{{
    config(
        unique_key=['country_iso2', 'week', 'category', 'weekly_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

current_places as (

    {{ current_records('top10_countries') }}

),

places as (

    select
        *,
        {{ normalize_title('show_title') }} as normalized_title,
        {{ top10_type('category') }} as type
    from current_places

)

select
    country_iso2,
    week,
    category,
    weekly_rank,
    {{ generate_surrogate_key(['normalized_title', 'type']) }} as show_key,

    country_name,
    show_title,
    season_title,

    cumulative_weeks_in_top_10,

    _untyped_values
from places
