{{
    config(
        unique_key=['show_id', 'genre_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_categories as (

    {{ current_records('categories') }}

),

edition_categories as (

    {{ names_of_editions('categories') }}

)

select
    show_id,

    genre_name
from current_categories

union all

select
    show_id,

    genre_name
from edition_categories
