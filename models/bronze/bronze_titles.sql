with

raw_titles as (

    select * from {{ source('raw', 'netflix_titles') }}

),

new_records as (

    {{ new_records('raw_titles') }}

)

select * from new_records
