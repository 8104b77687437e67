{{
    config(
        unique_key=['half_year', 'section', 'title', 'runtime_written'],
        not_matched_by_source_action='delete',
    )
}}

with

current_engagement as (

    {{ current_records('engagement') }}

)

select
    half_year,
    section,
    title,
    runtime_written,
    english_title,
    original_title,
    release_date,
    hours_viewed,
    views,
    runtime_minutes,
    is_runtime_explained,
    is_available_globally,
    _untyped_values
from current_engagement
