{{
    config(
        unique_key='show_id',
        not_matched_by_source_action='delete',
    )
}}

with

kept_titles as (

    {{ kept_records(catalogue_feed('titles'), ref('silver_titles_verdicts')) }}

)

select
    show_id,

    type,
    title,
    description,
    rating,

    duration_minutes,
    duration_seasons,
    release_year,

    date_added,

    _untyped_values
from kept_titles
