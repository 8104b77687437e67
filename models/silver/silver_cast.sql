{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_cast as (

    {{ current_records('cast') }}

)

select
    show_id,
    {{ generate_surrogate_key([normalize_name('person_name')]) }} as person_key,

    person_name,

    cast(
        row_number() over (partition by show_id order by _file_path, _row_number) as integer
    ) as billing_order
from current_cast
