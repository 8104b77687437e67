{{
    config(
        unique_key=['show_id', 'genre_name'],
        not_matched_by_source_action='delete',
    )
}}

with

kept_categories as (

    {{ kept_records(catalogue_feed('categories'), ref('silver_categories_verdicts')) }}

)

select
    show_id,

    genre_name
from kept_categories
