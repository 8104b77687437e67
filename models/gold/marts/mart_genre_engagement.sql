with

dim_genre as (

    select * from {{ ref('dim_genre') }}

),

dim_show as (

    select * from {{ ref('dim_show') }}

),

bridge_title_genre as (

    select * from {{ ref('bridge_title_genre') }}

),

fct_weekly_top10_global as (

    select * from {{ ref('fct_weekly_top10_global') }}

),

dim_season as (

    select * from {{ ref('dim_season') }}

),

fct_engagement_half as (

    select * from {{ ref('fct_engagement_half') }}

),

reported_titles as (

    select
        fct_engagement_half.title_key,
        sum(fct_engagement_half.hours_viewed) as hours_viewed
    from fct_engagement_half
    inner join dim_season on fct_engagement_half.season_key = dim_season.season_key
    where {{ is_matched('dim_season.match_strength') }}
    group by fct_engagement_half.title_key

),

viewed_titles as (

    select
        fct_weekly_top10_global.title_key,
        sum(fct_weekly_top10_global.weekly_hours_viewed) as hours_viewed,
        count(distinct fct_weekly_top10_global.week_key) as weeks_in_top_10
    from fct_weekly_top10_global
    inner join dim_show on fct_weekly_top10_global.show_key = dim_show.show_key
    where dim_show.match_result = 'matched'
    group by fct_weekly_top10_global.title_key

),

counted as (

    select
        bridge_title_genre.genre_key,
        count(*) as titles,
        count(reported_titles.title_key) as titles_in_reports,
        cast(coalesce(sum(reported_titles.hours_viewed), 0) as bigint) as hours_viewed,
        count(viewed_titles.title_key) as titles_in_top_10,
        cast(coalesce(sum(viewed_titles.weeks_in_top_10), 0) as bigint) as title_weeks_in_top_10,
        cast(coalesce(sum(viewed_titles.hours_viewed), 0) as bigint) as hours_in_top_10
    from bridge_title_genre
    left join reported_titles on bridge_title_genre.title_key = reported_titles.title_key
    left join viewed_titles on bridge_title_genre.title_key = viewed_titles.title_key
    group by bridge_title_genre.genre_key

),

engagement as (

    select
        counted.genre_key,

        dim_genre.genre_name,

        counted.titles,
        counted.titles_in_reports,
        cast(counted.titles_in_reports as double) / counted.titles as share_in_reports,
        counted.hours_viewed,
        cast(counted.hours_viewed as double) / nullif(counted.titles_in_reports, 0) as hours_per_title,
        counted.titles_in_top_10,
        counted.title_weeks_in_top_10,
        counted.hours_in_top_10,
        cast(counted.hours_in_top_10 as double) / nullif(counted.titles_in_top_10, 0) as hours_per_title_in_top_10
    from counted
    inner join dim_genre on counted.genre_key = dim_genre.genre_key

)

select * from engagement
