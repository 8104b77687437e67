{{
    config(
        unique_key=['show_id', 'country_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_countries as (

    {{ current_records('countries') }}

)

select
    show_id,

    country_name
from current_countries
