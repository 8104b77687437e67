{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_directors as (

    {{ current_records('directors') }}

)

select
    show_id,
    {{ generate_surrogate_key([normalize_name('person_name')]) }} as person_key,

    person_name
from current_directors
