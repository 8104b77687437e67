{{
    config(
        unique_key=['show_id', 'country_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_countries as (

    {{ current_records(ref('bronze_countries')) }}

),

cleaned as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,
        {{ clean_list_item('country') }} as country_name
    from current_countries

),

deduplicated as (

    select
        show_id,
        country_name,
        count(*) - 1 as duplicates
    from cleaned
    group by show_id, country_name
    -- Neither part of the key is null. As a filter before grouping, this would clean every value twice.
    having count(show_id) > 0 and count(country_name) > 0

)

select
    show_id,

    country_name,

    cast(duplicates as integer) as _duplicates_merged
from deduplicated
