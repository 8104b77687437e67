with

silver_countries as (

    select * from {{ ref('silver_countries') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

title_countries as (

    select
        dim_title.title_key,
        {{ generate_surrogate_key(['silver_countries.country_name']) }} as country_key
    from silver_countries
    inner join dim_title on silver_countries.show_id = dim_title.show_id

)

select * from title_countries
