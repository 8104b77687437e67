with

new_titles as (

    {{ new_records(source('raw', 'netflix_titles')) }}

)

select * from new_titles
