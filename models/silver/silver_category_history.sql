{{
    config(
        unique_key='genre_version_key',
        not_matched_by_source_action='delete',
    )
}}

with

history as (

    {{ history_of('categories') }}

)

select
    {{ history_key('categories') }} as genre_version_key,
    show_id,

    genre_name,

    valid_from,
    valid_to,

    _file_path,
    _file_version
from history
