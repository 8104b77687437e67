with

silver_top10_global as (

    select * from {{ ref('silver_top10_global') }}

),

silver_top10_countries as (

    select * from {{ ref('silver_top10_countries') }}

),

silver_top10_most_popular as (

    select * from {{ ref('silver_top10_most_popular') }}

),

category_names as (

    select category from silver_top10_global

    union

    select category from silver_top10_countries

    union

    select category from silver_top10_most_popular

),

categories as (

    select
        {{ generate_surrogate_key(['category']) }} as category_key,

        category,
        {{ top10_type('category') }} as type,
        {{ top10_language('category') }} as language
    from category_names

),

unknown as (

    select
        -1 as category_key,

        'Unknown' as category,
        'Unknown' as type,
        'Unknown' as language

)

select * from categories
union all
select * from unknown
