with

dim_country as (

    select * from {{ ref('dim_country') }}

),

dim_rating as (

    select * from {{ ref('dim_rating') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

bridge_title_country as (

    select * from {{ ref('bridge_title_country') }}

),

fct_catalogue_title as (

    select * from {{ ref('fct_catalogue_title') }}

),

-- A title without a country counts as one of the unknown country.
titles as (

    select
        coalesce(bridge_title_country.country_key, -1) as country_key,
        coalesce(dim_rating.audience_group, 'Unknown') as audience_group,
        dim_title.type,
        fct_catalogue_title.duration_minutes,
        fct_catalogue_title.duration_seasons
    from fct_catalogue_title
    inner join dim_title on fct_catalogue_title.title_key = dim_title.title_key
    inner join dim_rating on fct_catalogue_title.rating_key = dim_rating.rating_key
    left join bridge_title_country on fct_catalogue_title.title_key = bridge_title_country.title_key

),

counted as (

    select
        country_key,
        audience_group,
        type,
        count(*) as titles,
        avg(duration_minutes) as average_minutes,
        avg(duration_seasons) as average_seasons
    from titles
    group by country_key, audience_group, type

),

segments as (

    select
        counted.country_key,
        counted.audience_group,
        counted.type,

        dim_country.country_name,
        dim_country.country_iso3,
        dim_country.region,

        counted.titles,
        cast(counted.titles as double) / sum(counted.titles) over (
            partition by counted.country_key, counted.type
        ) as share_of_country_and_type,
        counted.average_minutes,
        counted.average_seasons
    from counted
    inner join dim_country on counted.country_key = dim_country.country_key

)

select * from segments
