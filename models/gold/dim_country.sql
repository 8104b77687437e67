with

silver_countries as (

    select * from {{ ref('silver_countries') }}

),

silver_top10_countries as (

    select * from {{ ref('silver_top10_countries') }}

),

seed_countries as (

    select * from {{ ref('seed_countries') }}

),

country_names as (

    select
        country_name,
        max(country_iso2) as country_iso2
    from (
        select
            country_name,
            cast(null as {{ dbt.type_string() }}) as country_iso2
        from silver_countries

        union all

        select
            coalesce(country_name, country_iso2) as country_name,
            country_iso2
        from silver_top10_countries
    ) as names
    group by country_name

),

countries as (

    select
        {{ generate_surrogate_key(['country_names.country_name']) }} as country_key,

        country_names.country_name,
        coalesce(seed_countries.country_iso2, country_names.country_iso2) as country_iso2,
        seed_countries.country_iso3,
        seed_countries.country_iso_former,
        seed_countries.region,
        seed_countries.subregion,
        seed_countries.film_language,
        seed_countries.script
    from country_names
    left join seed_countries on country_names.country_name = seed_countries.country_name

),

unknown as (

    select
        -1 as country_key,

        'Unknown' as country_name,
        cast(null as {{ dbt.type_string() }}) as country_iso2,
        cast(null as {{ dbt.type_string() }}) as country_iso3,
        cast(null as {{ dbt.type_string() }}) as country_iso_former,
        'Unknown' as region,
        'Unknown' as subregion,
        'Unknown' as film_language,
        'Unknown' as script

)

select * from countries
union all
select * from unknown
