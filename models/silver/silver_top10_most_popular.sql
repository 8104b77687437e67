{{
    config(
        unique_key=['category', 'popularity_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

versions as (

    {{ file_versions('top10_most_popular') }}

),

current_places as (

    {{ current_records('top10_most_popular', versions='versions') }}

),

-- Of columns that the current version has no more. A value belongs to a show, whose place is another one every week.
known_before as (

    {{ values_before(
        'top10_most_popular',
        'versions',
        'current_places',
        ['hours_viewed', 'window_days', 'views', 'runtime_hours'],
        key=['category', 'show_title', 'season_title'],
        beside={'views': 'hours_viewed'},
    ) }}

),

places as (

    select
        current_places.category,
        current_places.popularity_rank,
        current_places.show_title,
        current_places.season_title,
        coalesce(current_places.hours_viewed, known_before.hours_viewed) as hours_viewed,
        coalesce(current_places.window_days, known_before.window_days) as window_days,
        coalesce(
            current_places.views,
            -- Views are hours divided by the length: those of other hours are not this row's.
            case
                when
                    known_before.hours_viewed_of_views
                    = coalesce(current_places.hours_viewed, known_before.hours_viewed)
                    then known_before.views
            end
        ) as views,
        coalesce(current_places.runtime_hours, known_before.runtime_hours) as runtime_hours,
        current_places._untyped_values,
        {{ normalize_title('current_places.show_title') }} as normalized_title,
        {{ top10_type('current_places.category') }} as type
    from current_places
    left join known_before
    on
        {{ same(['_file_path', '_file_version', 'category', 'show_title'], 'current_places', 'known_before') }}
        and coalesce(current_places.season_title, '') = coalesce(known_before.season_title, '')

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
