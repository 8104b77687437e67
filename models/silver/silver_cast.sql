{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_cast as (

    {{ current_records(ref('bronze_cast')) }}

),

cleaned as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,
        {{ clean_list_item(adapter.quote('cast')) }} as person_name,
        _row_number
    from current_cast

),

deduplicated as (

    select
        show_id,
        person_name,
        min(_row_number) as first_row_number,
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

    cast(row_number() over (partition by show_id order by first_row_number, person_name) as integer) as billing_order,

    cast(duplicates as integer) as _duplicates_merged
from deduplicated
