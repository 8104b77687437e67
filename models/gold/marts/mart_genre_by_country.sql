with

dim_country as (

    select * from {{ ref('dim_country') }}

),

dim_genre as (

    select * from {{ ref('dim_genre') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

bridge_title_country as (

    select * from {{ ref('bridge_title_country') }}

),

bridge_title_genre as (

    select * from {{ ref('bridge_title_genre') }}

),

fct_catalogue_title as (

    select * from {{ ref('fct_catalogue_title') }}

),

-- A title without a country or a genre counts as one of the unknown.
titles as (

    select
        fct_catalogue_title.title_key,
        dim_title.type,
        coalesce(bridge_title_country.country_key, -1) as country_key,
        coalesce(bridge_title_genre.genre_key, -1) as genre_key
    from fct_catalogue_title
    inner join dim_title on fct_catalogue_title.title_key = dim_title.title_key
    left join bridge_title_country on fct_catalogue_title.title_key = bridge_title_country.title_key
    left join bridge_title_genre on fct_catalogue_title.title_key = bridge_title_genre.title_key

),

titles_by_country as (

    select
        country_key,
        count(distinct title_key) as titles
    from titles
    group by country_key

),

counted as (

    select
        country_key,
        genre_key,
        count(*) as titles,
        count(case when type = 'Movie' then 1 end) as movies,
        count(case when type = 'TV Show' then 1 end) as tv_shows
    from titles
    group by country_key, genre_key

),

genre_by_country as (

    select
        counted.country_key,
        counted.genre_key,

        dim_country.country_name,
        dim_country.country_iso3,
        dim_country.region,
        dim_genre.genre_name,

        counted.titles,
        counted.movies,
        counted.tv_shows,
        cast(counted.titles as double) / titles_by_country.titles as share_of_country
    from counted
    inner join titles_by_country on counted.country_key = titles_by_country.country_key
    inner join dim_country on counted.country_key = dim_country.country_key
    inner join dim_genre on counted.genre_key = dim_genre.genre_key

)

select * from genre_by_country
