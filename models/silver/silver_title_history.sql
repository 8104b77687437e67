{{
    config(
        unique_key='title_version_key',
        not_matched_by_source_action='delete',
    )
}}

{%- set columns = [
    'type', 'title', 'description', 'rating', 'duration_minutes', 'duration_seasons', 'release_year', 'date_added',
] %}

with

history as (

    {{ history_of('titles', columns) }}

)

select
    {{ history_key('titles') }} as title_version_key,
    show_id,

    type,
    title,
    description,
    rating,

    duration_minutes,
    duration_seasons,
    release_year,

    date_added,

    valid_from,
    valid_to,

    _file_path,
    _file_version
from history
