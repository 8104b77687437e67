with

new_directors as (

    {{ new_records(source('raw', 'netflix_directors')) }}

)

select * from new_directors
