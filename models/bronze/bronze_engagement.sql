with

new_engagement as (

    {{ new_records(source('raw', 'engagement')) }}

)

select * from new_engagement
