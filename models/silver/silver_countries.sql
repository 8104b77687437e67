{{
    config(
        unique_key=['show_id', 'country_name'],
        not_matched_by_source_action='delete',
    )
}}

with

kept_countries as (

    {{ kept_records(catalogue_feed('countries'), ref('silver_countries_verdicts')) }}

)

select
    show_id,

    country_name
from kept_countries
