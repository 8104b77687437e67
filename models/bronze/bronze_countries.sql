with

raw_countries as (

    select * from {{ source('raw', 'netflix_countries') }}

),

new_records as (

    {{ new_records('raw_countries') }}

)

select * from new_records
