with

silver_top10_most_popular as (

    select * from {{ ref('silver_top10_most_popular') }}

),

dim_show as (

    select * from {{ ref('dim_show') }}

),

places as (

    select
        {{ generate_surrogate_key(['silver_top10_most_popular.category']) }} as category_key,
        silver_top10_most_popular.popularity_rank,
        silver_top10_most_popular.show_key,
        coalesce(dim_show.title_key, -1) as title_key,

        silver_top10_most_popular.season_title,

        silver_top10_most_popular.hours_viewed,
        silver_top10_most_popular.window_days,
        silver_top10_most_popular.views,
        silver_top10_most_popular.runtime_hours
    from silver_top10_most_popular
    left join dim_show on silver_top10_most_popular.show_key = dim_show.show_key

)

select * from places
