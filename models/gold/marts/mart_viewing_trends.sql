with

dim_date as (

    select * from {{ ref('dim_date') }}

),

dim_show as (

    select * from {{ ref('dim_show') }}

),

dim_top10_category as (

    select * from {{ ref('dim_top10_category') }}

),

fct_weekly_top10_global as (

    select * from {{ ref('fct_weekly_top10_global') }}

),

places as (

    select
        dim_date.date_day as week,
        fct_weekly_top10_global.category_key,
        dim_show.show_title,
        fct_weekly_top10_global.weekly_rank,
        fct_weekly_top10_global.weekly_hours_viewed,
        fct_weekly_top10_global.weekly_views,
        fct_weekly_top10_global.cumulative_weeks_in_top_10
    from fct_weekly_top10_global
    inner join dim_date on fct_weekly_top10_global.week_key = dim_date.date_key
    inner join dim_show on fct_weekly_top10_global.show_key = dim_show.show_key

),

weeks as (

    select
        week,
        category_key,
        cast(sum(weekly_hours_viewed) as bigint) as hours_viewed,
        cast(sum(weekly_views) as bigint) as views,
        count(case when cumulative_weeks_in_top_10 = 1 then 1 end) as new_entries,
        max(case when weekly_rank = 1 then show_title end) as first_show_title,
        max(case when weekly_rank = 1 then weekly_hours_viewed end) as first_hours_viewed
    from places
    group by week, category_key

),

trends as (

    select
        weeks.week,
        weeks.category_key,

        dim_top10_category.category,
        dim_top10_category.type,
        dim_top10_category.language,
        weeks.first_show_title,

        weeks.hours_viewed,
        avg(weeks.hours_viewed) over (
            partition by weeks.category_key order by weeks.week rows between 3 preceding and current row
        ) as average_hours_of_4_weeks,
        weeks.views,
        weeks.new_entries,
        weeks.first_hours_viewed
    from weeks
    inner join dim_top10_category on weeks.category_key = dim_top10_category.category_key

)

select * from trends
