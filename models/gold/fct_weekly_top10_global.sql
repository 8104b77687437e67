with

silver_top10_global as (

    select * from {{ ref('silver_top10_global') }}

),

dim_show as (

    select * from {{ ref('dim_show') }}

),

places as (

    select
        {{ date_key('silver_top10_global.week') }} as week_key,
        {{ generate_surrogate_key(['silver_top10_global.category']) }} as category_key,
        silver_top10_global.weekly_rank,
        silver_top10_global.show_key,
        coalesce(dim_show.title_key, -1) as title_key,

        silver_top10_global.season_title,
        silver_top10_global.episode_launch_details,

        silver_top10_global.weekly_hours_viewed,
        silver_top10_global.weekly_views,
        silver_top10_global.runtime_hours,
        silver_top10_global.cumulative_weeks_in_top_10,

        silver_top10_global.is_staggered_launch
    from silver_top10_global
    left join dim_show on silver_top10_global.show_key = dim_show.show_key

)

select * from places
