{{
    config(
        unique_key=['show_id', 'person_name'],
        not_matched_by_source_action='delete',
    )
}}

with

bronze_directors as (

    select * from {{ ref('bronze_directors') }}

),

current_records as (

    {{ current_records('bronze_directors') }}

),

cleaned as (

    select
        {{ parse_number(clean_text('show_id'), 'bigint') }} as show_id,
        {{ clean_list_item('director') }} as person_name
    from current_records

),

deduplicated as (

    select
        show_id,
        person_name,
        count(*) - 1 as duplicates
    from cleaned
    where
        show_id is not null
        and person_name is not null
    group by show_id, person_name

)

select
    show_id,
    {{ generate_surrogate_key([normalize_name('person_name')]) }} as person_key,

    person_name,

    cast(duplicates as integer) as _duplicates_merged
from deduplicated
