with

dim_title as (

    select * from {{ ref('dim_title') }}

),

{%- for bridge in ['cast', 'director', 'genre', 'country'] %}

bridge_title_{{ bridge }} as (

    select * from {{ ref('bridge_title_' ~ bridge) }}

),

{{ bridge }}_counts as (

    select
        title_key,
        count(*) as {{ bridge }}_count
    from bridge_title_{{ bridge }}
    group by title_key

),
{%- endfor %}

catalogue_titles as (

    select
        dim_title.title_key,
        case
            when dim_title.rating is null then -1
            else {{ generate_surrogate_key(['dim_title.rating']) }}
        end as rating_key,
        {{ date_key('dim_title.date_added') }} as date_added_key,

        dim_title.duration_minutes,
        dim_title.duration_seasons,
        dim_title.release_year,
        cast(coalesce(cast_counts.cast_count, 0) as integer) as cast_count,
        cast(coalesce(director_counts.director_count, 0) as integer) as director_count,
        cast(coalesce(genre_counts.genre_count, 0) as integer) as genre_count,
        cast(coalesce(country_counts.country_count, 0) as integer) as country_count
    from dim_title
    left join cast_counts on dim_title.title_key = cast_counts.title_key
    left join director_counts on dim_title.title_key = director_counts.title_key
    left join genre_counts on dim_title.title_key = genre_counts.title_key
    left join country_counts on dim_title.title_key = country_counts.title_key
    where dim_title.title_key <> -1

)

select * from catalogue_titles
