with

dim_top10_category as (

    select * from {{ ref('dim_top10_category') }}

),

fct_weekly_top10_global as (

    select * from {{ ref('fct_weekly_top10_global') }}

),

fct_weekly_top10_country as (

    select * from {{ ref('fct_weekly_top10_country') }}

),

fct_most_popular as (

    select * from {{ ref('fct_most_popular') }}

),

places as (

    select
        'worldwide' as lists,
        category_key,
        show_key,
        title_key
    from fct_weekly_top10_global

    union all

    select
        'countries' as lists,
        category_key,
        show_key,
        title_key
    from fct_weekly_top10_country

    union all

    select
        'most popular' as lists,
        category_key,
        show_key,
        title_key
    from fct_most_popular

),

counted as (

    select
        lists,
        category_key,
        count(*) as places,
        count(case when title_key <> -1 then 1 end) as places_matched,
        count(distinct show_key) as shows,
        count(distinct case when title_key <> -1 then show_key end) as shows_matched
    from places
    group by lists, category_key

),

match_rate as (

    select
        counted.lists,
        counted.category_key,

        dim_top10_category.category,

        counted.places,
        counted.places_matched,
        cast(counted.places_matched as double) / counted.places as share_of_places,
        counted.shows,
        counted.shows_matched,
        cast(counted.shows_matched as double) / counted.shows as share_of_shows
    from counted
    inner join dim_top10_category on counted.category_key = dim_top10_category.category_key

)

select * from match_rate
