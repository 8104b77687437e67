{{
    config(
        unique_key='director_version_key',
        not_matched_by_source_action='delete',
    )
}}

with

history as (

    {{ history_of('directors') }}

)

select
    {{ history_key('directors') }} as director_version_key,
    show_id,
    case when show_id is not null then {{ generate_surrogate_key([normalize_name('person_name')]) }} end as person_key,

    person_name,

    valid_from,
    valid_to,

    _file_path,
    _file_version
from history
