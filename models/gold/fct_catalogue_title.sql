with

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current and title_key <> -1

),

dim_rating as (

    select * from {{ ref('dim_rating') }}

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
        dim_title.title_version_key,
        coalesce(dim_rating.rating_key, -1) as rating_key,
        {{ date_key('dim_title.date_added') }} as date_added_key,

        coalesce(nullif(trim(split_part(dim_title.title, ':', 1)), ''), dim_title.title) as short_title,
        coalesce(dim_rating.rating_family, 'Unknown') as rating_family,

        case dim_title.type when 'Movie' then 1 when 'TV Show' then 2 else 0 end as type_flag,
        dim_title.duration_minutes,
        dim_title.duration_seasons,
        case
            when dim_title.duration_minutes is not null
                then cast(dense_rank() over (order by coalesce(dim_title.duration_minutes, 0) desc) as integer)
        end as duration_ranking,
        dim_title.release_year,
        cast(extract(year from dim_title.date_added) as integer) - dim_title.release_year as years_to_addition,
        cast(coalesce(cast_counts.cast_count, 0) as integer) as cast_count,
        cast(coalesce(director_counts.director_count, 0) as integer) as director_count,
        cast(coalesce(genre_counts.genre_count, 0) as integer) as genre_count,
        cast(coalesce(country_counts.country_count, 0) as integer) as country_count
    from dim_title
    left join dim_rating on dim_title.rating = dim_rating.rating and dim_rating.rating_key <> -1
    left join cast_counts on dim_title.title_key = cast_counts.title_key
    left join director_counts on dim_title.title_key = director_counts.title_key
    left join genre_counts on dim_title.title_key = genre_counts.title_key
    left join country_counts on dim_title.title_key = country_counts.title_key

)

select * from catalogue_titles
