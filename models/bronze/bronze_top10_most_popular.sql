with

new_places as (

    {{ new_records(source('raw', 'top10_most_popular')) }}

)

select * from new_places
