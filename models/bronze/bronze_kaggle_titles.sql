with

new_titles as (

    {{ new_records(source('raw', 'kaggle_titles')) }}

)

select * from new_titles
