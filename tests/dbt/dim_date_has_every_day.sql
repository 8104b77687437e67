-- dim_date runs from a 1 January to a 31 December without a gap, and an ISO week belongs to the year of its Thursday.
with

dim_date as (

    select * from {{ ref('dim_date') }}
    where date_key <> -1

),

edges as (

    select
        min(date_day) as first_day,
        max(date_day) as last_day,
        count(*) as days,
        count(case when day_of_week = 4 and iso_year <> year then 1 end) as misplaced_weeks
    from dim_date

)

select *
from edges
where
    days <> {{ dbt.datediff('first_day', 'last_day', 'day') }} + 1
    or extract(month from first_day) * 100 + extract(day from first_day) <> 101
    or extract(month from last_day) * 100 + extract(day from last_day) <> 1231
    or misplaced_weeks > 0
