with

new_cast as (

    {{ new_records(source('raw', 'netflix_cast')) }}

)

select * from new_cast
