{%- set country = 'coalesce(silver_top10_countries.country_name, silver_top10_countries.country_iso2)' %}

with

silver_top10_countries as (

    select * from {{ ref('silver_top10_countries') }}

),

dim_show as (

    select * from {{ ref('dim_show') }}

),

places as (

    select
        {{ generate_surrogate_key([country]) }} as country_key,
        {{ date_key('silver_top10_countries.week') }} as week_key,
        {{ generate_surrogate_key(['silver_top10_countries.category']) }} as category_key,
        silver_top10_countries.weekly_rank,
        silver_top10_countries.show_key,
        coalesce(dim_show.title_key, -1) as title_key,

        silver_top10_countries.season_title,

        silver_top10_countries.cumulative_weeks_in_top_10,
        case
            when silver_top10_countries.weekly_rank = min(silver_top10_countries.weekly_rank) over (
                partition by
                    {{ country }},
                    silver_top10_countries.week,
                    silver_top10_countries.category,
                    silver_top10_countries.show_key
            ) then 11 - silver_top10_countries.weekly_rank
            else 0
        end as points
    from silver_top10_countries
    left join dim_show on silver_top10_countries.show_key = dim_show.show_key

)

select * from places
