with

dim_show as (

    select * from {{ ref('dim_show') }}

),

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
        show_key
    from fct_weekly_top10_global

    union all

    select
        'countries' as lists,
        category_key,
        show_key
    from fct_weekly_top10_country

    union all

    select
        'most popular' as lists,
        category_key,
        show_key
    from fct_most_popular

),

counted as (

    select
        places.lists,
        places.category_key,
        count(*) as places,
        count(case when dim_show.match_result = 'matched' then 1 end) as places_matched,
        count(case when dim_show.match_result = 'name alone' then 1 end) as places_by_name_alone,
        count(distinct places.show_key) as shows,
        count(distinct case when dim_show.match_result = 'matched' then places.show_key end) as shows_matched,
        count(distinct case when dim_show.match_result = 'name alone' then places.show_key end) as shows_by_name_alone
    from places
    inner join dim_show on places.show_key = dim_show.show_key
    group by places.lists, places.category_key

),

match_rate as (

    select
        counted.lists,
        counted.category_key,

        dim_top10_category.category,

        counted.places,
        counted.places_matched,
        counted.places_by_name_alone,
        cast(counted.places_matched as double) / counted.places as share_of_places,
        cast(counted.places_by_name_alone as double) / counted.places as share_of_places_by_name_alone,
        counted.shows,
        counted.shows_matched,
        counted.shows_by_name_alone,
        cast(counted.shows_matched as double) / counted.shows as share_of_shows
    from counted
    inner join dim_top10_category on counted.category_key = dim_top10_category.category_key

)

select * from match_rate
