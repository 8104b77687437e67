{{
    config(
        unique_key=['show_id', 'genre_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_categories as (

    {{ current_records('categories') }}

)

select
    show_id,

    genre_name
from current_categories
