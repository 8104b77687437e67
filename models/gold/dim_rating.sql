with

silver_titles as (

    select * from {{ ref('silver_titles') }}

),

seed_ratings as (

    select * from {{ ref('seed_ratings') }}

),

rating_names as (

    select rating from seed_ratings

    union

    select rating from silver_titles
    where rating is not null

),

ratings as (

    select
        {{ generate_surrogate_key(['rating_names.rating']) }} as rating_key,

        rating_names.rating,
        seed_ratings.rating_family,
        seed_ratings.audience_group,
        seed_ratings.description,

        seed_ratings.minimum_age
    from rating_names
    left join seed_ratings on rating_names.rating = seed_ratings.rating

),

unknown as (

    select
        -1 as rating_key,

        'Unknown' as rating,
        'Unknown' as rating_family,
        'Unknown' as audience_group,
        cast(null as {{ dbt.type_string() }}) as description,

        cast(null as integer) as minimum_age

)

select * from ratings
union all
select * from unknown
