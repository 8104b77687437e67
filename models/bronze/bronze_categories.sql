with

new_categories as (

    {{ new_records(source('raw', 'netflix_category')) }}

)

select * from new_categories
