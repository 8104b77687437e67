with

dim_country as (

    select * from {{ ref('dim_country') }}

),

dim_date as (

    select * from {{ ref('dim_date') }}

),

dim_show as (

    select * from {{ ref('dim_show') }}

),

dim_top10_category as (

    select * from {{ ref('dim_top10_category') }}

),

fct_weekly_top10_country as (

    select * from {{ ref('fct_weekly_top10_country') }}

),

places as (

    select
        fct_weekly_top10_country.country_key,
        fct_weekly_top10_country.category_key,
        fct_weekly_top10_country.show_key,
        dim_date.date_day as week,
        fct_weekly_top10_country.weekly_rank,
        fct_weekly_top10_country.points
    from fct_weekly_top10_country
    inner join dim_date on fct_weekly_top10_country.week_key = dim_date.date_key

),

counted as (

    select
        country_key,
        category_key,
        show_key,
        count(distinct week) as weeks_in_top_10,
        count(case when weekly_rank = 1 then 1 end) as weeks_at_first_place,
        min(weekly_rank) as best_rank,
        cast(sum(points) as bigint) as points,
        min(week) as first_week,
        max(week) as last_week
    from places
    group by country_key, category_key, show_key

),

most_watched as (

    select
        counted.country_key,
        counted.category_key,
        counted.show_key,

        dim_country.country_name,
        dim_country.country_iso3,
        dim_country.region,
        dim_top10_category.category,
        dim_show.show_title,

        cast(rank() over (
            partition by counted.country_key, counted.category_key order by counted.points desc
        ) as int) as points_rank,
        counted.points,
        counted.weeks_in_top_10,
        counted.weeks_at_first_place,
        counted.best_rank,

        counted.first_week,
        counted.last_week
    from counted
    inner join dim_top10_category on counted.category_key = dim_top10_category.category_key
    inner join dim_show on counted.show_key = dim_show.show_key
    inner join dim_country on counted.country_key = dim_country.country_key

)

select * from most_watched
