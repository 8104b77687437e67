with

dim_genre as (

    select * from {{ ref('dim_genre') }}

),

dim_show as (

    select * from {{ ref('dim_show') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

bridge_title_genre as (

    select * from {{ ref('bridge_title_genre') }}

),

fct_weekly_top10_global as (

    select * from {{ ref('fct_weekly_top10_global') }}

),

viewed_titles as (

    select
        title_key,
        show_key,
        cast(sum(weekly_hours_viewed) as bigint) as hours_viewed,
        count(distinct week_key) as weeks_in_top_10
    from fct_weekly_top10_global
    where title_key <> -1
    group by title_key, show_key

),

genre_titles as (

    select
        bridge_title_genre.genre_key,
        viewed_titles.title_key,

        dim_genre.genre_name,
        dim_title.title,
        dim_title.type,
        dim_show.match_result,

        dim_title.release_year,
        dim_show.years_after_release,
        viewed_titles.weeks_in_top_10,
        viewed_titles.hours_viewed,

        dim_show.first_week
    from viewed_titles
    inner join bridge_title_genre on viewed_titles.title_key = bridge_title_genre.title_key
    inner join dim_genre on bridge_title_genre.genre_key = dim_genre.genre_key
    inner join dim_title on viewed_titles.title_key = dim_title.title_key
    inner join dim_show on viewed_titles.show_key = dim_show.show_key

)

select * from genre_titles
