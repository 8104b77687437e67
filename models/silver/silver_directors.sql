{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_directors as (

    {{ current_records(ref('bronze_directors')) }}

),

cleaned as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,
        {{ clean_list_item('director') }} as person_name
    from current_directors

),

deduplicated as (

    select
        show_id,
        person_name,
        count(*) - 1 as duplicates
    from cleaned
    group by show_id, person_name
    -- Neither part of the key is null. As a filter before grouping, this would clean every value twice.
    having count(show_id) > 0 and count(person_name) > 0

)

select
    show_id,
    {{ generate_surrogate_key([normalize_name('person_name')]) }} as person_key,

    person_name,

    cast(duplicates as integer) as _duplicates_merged
from deduplicated
