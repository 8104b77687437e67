{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

kept_cast as (

    {{ kept_records(catalogue_feed('cast'), ref('silver_cast_verdicts')) }}

)

select
    show_id,
    {{ generate_surrogate_key([normalize_name('person_name')]) }} as person_key,

    person_name,

    cast(
        row_number() over (partition by show_id order by {{ file_columns() | join(', ') }}, _row_number) as integer
    ) as billing_order
from kept_cast
