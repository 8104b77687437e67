with

new_places as (

    {{ new_records(source('raw', 'top10_global')) }}

)

select * from new_places
