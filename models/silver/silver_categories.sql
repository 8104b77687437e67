{{
    config(
        unique_key=['show_id', 'genre_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_categories as (

    {{ current_records(ref('bronze_categories')) }}

),

cleaned as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,
        {{ clean_list_item('listed_in') }} as genre_name
    from current_categories

),

deduplicated as (

    select
        show_id,
        genre_name,
        count(*) - 1 as duplicates
    from cleaned
    group by show_id, genre_name
    -- Neither part of the key is null. As a filter before grouping, this would clean every value twice.
    having count(show_id) > 0 and count(genre_name) > 0

)

select
    show_id,

    genre_name,

    cast(duplicates as integer) as _duplicates_merged
from deduplicated
