-- Two half-years with the same titles and hours: one report was copied under the name of another, and counts twice.
{{ config(severity='warn') }}

with

reports as (

    select
        half_year,
        count(*) as titles,
        sum(hours_viewed) as hours_viewed
    from {{ ref('silver_engagement') }}
    group by half_year

)

select
    reports.half_year,
    others.half_year as other_half_year,
    reports.titles,
    reports.hours_viewed
from reports
inner join reports as others
    on
        reports.titles = others.titles
        and reports.hours_viewed = others.hours_viewed
        and reports.half_year < others.half_year
