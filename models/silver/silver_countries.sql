{{
    config(
        unique_key=['show_id', 'country_name'],
        not_matched_by_source_action='delete',
    )
}}

with

bronze_countries as (

    select * from {{ ref('bronze_countries') }}

),

current_records as (

    {{ current_records('bronze_countries') }}

),

cleaned as (

    select
        {{ parse_number(clean_text('show_id'), 'bigint') }} as show_id,
        {{ clean_list_item('country') }} as country_name
    from current_records

),

deduplicated as (

    select
        show_id,
        country_name,
        count(*) - 1 as duplicates
    from cleaned
    where
        show_id is not null
        and country_name is not null
    group by show_id, country_name

)

select
    show_id,

    country_name,

    cast(duplicates as integer) as _duplicates_merged
from deduplicated
