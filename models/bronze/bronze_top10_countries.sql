with

new_places as (

    {{ new_records(source('raw', 'top10_countries')) }}

)

select * from new_places
