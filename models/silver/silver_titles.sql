{{
    config(
        unique_key='show_id',
        not_matched_by_source_action='delete',
    )
}}

with

current_titles as (

    {{ current_records('titles') }}

)

select
    show_id,

    type,
    title,
    description,
    rating,

    duration_minutes,
    duration_seasons,
    release_year,

    date_added,

    _untyped_values
from current_titles
