{{
    config(
        unique_key=['country_iso2', 'week', 'category', 'weekly_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

versions as (

    {{ file_versions('top10_countries') }}

),

current_places as (

    {{ current_records('top10_countries', versions='versions') }}

),

-- Of columns that a version has no more. A value belongs to a show at a place, and a name to the country.
known_before as (

    {{ values_before(
        'top10_countries',
        'versions',
        'current_places',
        ['season_title', 'cumulative_weeks_in_top_10'],
        key=['country_iso2', 'week', 'category', 'weekly_rank', 'show_title'],
    ) }}

),

names_before as (

    {{ values_before('top10_countries', 'versions', 'current_places', ['country_name'], key=['country_iso2']) }}

),

places as (

    select
        current_places.country_iso2,
        current_places.week,
        current_places.category,
        current_places.weekly_rank,
        coalesce(current_places.country_name, names_before.country_name) as country_name,
        current_places.show_title,
        coalesce(current_places.season_title, known_before.season_title) as season_title,
        coalesce(
            current_places.cumulative_weeks_in_top_10, known_before.cumulative_weeks_in_top_10
        ) as cumulative_weeks_in_top_10,
        current_places._untyped_values,
        {{ normalize_title('current_places.show_title') }} as normalized_title,
        {{ top10_type('current_places.category') }} as type
    from current_places
    left join known_before
    on
        {{ same(['_file_path', '_file_version', 'country_iso2', 'week'], 'current_places', 'known_before') }}
        and {{ same(['category', 'weekly_rank', 'show_title'], 'current_places', 'known_before') }}
    left join names_before
    on {{ same(['_file_path', '_file_version', 'country_iso2'], 'current_places', 'names_before') }}

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
