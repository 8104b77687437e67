{{
    config(
        unique_key=['show_id', 'genre_name'],
        not_matched_by_source_action='delete',
    )
}}

with

bronze_categories as (

    select * from {{ ref('bronze_categories') }}

),

current_records as (

    {{ current_records('bronze_categories') }}

),

cleaned as (

    select
        {{ parse_number(clean_text('show_id'), 'bigint') }} as show_id,
        {{ clean_list_item('listed_in') }} as genre_name
    from current_records

),

deduplicated as (

    select
        show_id,
        genre_name,
        count(*) - 1 as duplicates
    from cleaned
    where
        show_id is not null
        and genre_name is not null
    group by show_id, genre_name

)

select
    show_id,

    genre_name,

    cast(duplicates as integer) as _duplicates_merged
from deduplicated
