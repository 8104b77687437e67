with

silver_countries as (

    select * from {{ ref('silver_countries') }}

),

seed_countries as (

    select * from {{ ref('seed_countries') }}

),

country_names as (

    select distinct country_name from silver_countries

),

countries as (

    select
        {{ generate_surrogate_key(['country_names.country_name']) }} as country_key,

        country_names.country_name,
        seed_countries.country_iso2,
        seed_countries.country_iso3,
        seed_countries.country_iso_former,
        seed_countries.region,
        seed_countries.subregion
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
        'Unknown' as subregion

)

select * from countries
union all
select * from unknown
