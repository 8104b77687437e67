{{
    config(
        unique_key=['show_id', 'country_name'],
        not_matched_by_source_action='delete',
    )
}}

with

current_countries as (

    {{ current_records('countries') }}

),

edition_countries as (

    {{ names_of_editions('countries') }}

)

select
    show_id,

    country_name
from current_countries

union all

select
    show_id,

    country_name
from edition_countries
