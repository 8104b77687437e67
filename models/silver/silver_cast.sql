{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_cast as (

    {{ current_records('cast') }}

),

edition_cast as (

    {{ names_of_editions('cast') }}

),

in_billing_order as (

    select
        show_id,
        person_name,
        row_number() over (partition by show_id order by _file_path, _row_number) as billing_order
    from current_cast

    union all

    select
        show_id,
        person_name,
        row_number() over (partition by show_id order by position) as billing_order
    from edition_cast

)

select
    show_id,
    {{ generate_surrogate_key([normalize_name('person_name')]) }} as person_key,

    person_name,

    cast(billing_order as integer) as billing_order
from in_billing_order
