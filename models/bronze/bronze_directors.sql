with

raw_directors as (

    select * from {{ source('raw', 'netflix_directors') }}

),

new_records as (

    {{ new_records('raw_directors') }}

)

select * from new_records
