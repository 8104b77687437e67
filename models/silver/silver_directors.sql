{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_directors as (

    {{ current_records('directors') }}

),

edition_directors as (

    {{ names_of_editions('directors') }}

),

all_directors as (

    select
        show_id,
        person_name
    from current_directors

    union all

    select
        show_id,
        person_name
    from edition_directors

)

select
    show_id,
    {{ generate_surrogate_key([normalize_name('person_name')]) }} as person_key,

    person_name
from all_directors
