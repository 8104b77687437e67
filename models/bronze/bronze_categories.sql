with

raw_categories as (

    select * from {{ source('raw', 'netflix_category') }}

),

new_records as (

    {{ new_records('raw_categories') }}

)

select * from new_records
