with

raw_cast as (

    select * from {{ source('raw', 'netflix_cast') }}

),

new_records as (

    {{ new_records('raw_cast') }}

)

select * from new_records
