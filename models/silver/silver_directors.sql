{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

kept_directors as (

    {{ kept_records(catalogue_feed('directors'), ref('silver_directors_verdicts')) }}

)

select
    show_id,
    {{ generate_surrogate_key([normalize_name('person_name')]) }} as person_key,

    person_name
from kept_directors
