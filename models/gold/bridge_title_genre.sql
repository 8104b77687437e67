with

silver_categories as (

    select * from {{ ref('silver_categories') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

title_genres as (

    select
        dim_title.title_key,
        {{ generate_surrogate_key(['silver_categories.genre_name']) }} as genre_key
    from silver_categories
    inner join dim_title on silver_categories.show_id = dim_title.show_id

)

select * from title_genres
