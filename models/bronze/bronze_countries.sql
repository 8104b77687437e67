with

new_countries as (

    {{ new_records(source('raw', 'netflix_countries')) }}

)

select * from new_countries
