with

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current and title_key <> -1

),

dim_rating as (

    select * from {{ ref('dim_rating') }}

),

-- Ranked by themselves and not in a window over all titles, which Spark would give to a single task
durations as (

    select
        duration_minutes,
        cast(rank() over (order by duration_minutes desc) as integer) as duration_ranking
    from dim_title
    where duration_minutes is not null
    group by duration_minutes

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

    select {{ broadcast('durations') }}
        dim_title.title_key,
        dim_title.title_version_key,
        coalesce(dim_rating.rating_key, -1) as rating_key,
        {{ date_key('dim_title.date_added') }} as date_added_key,

        coalesce(nullif(trim(split_part(dim_title.title, ':', 1)), ''), dim_title.title) as short_title,
        coalesce(dim_rating.rating_family, 'Unknown') as rating_family,

        case dim_title.type when 'Movie' then 1 when 'TV Show' then 2 else 0 end as type_flag,
        dim_title.duration_minutes,
        dim_title.duration_seasons,
        durations.duration_ranking,
        dim_title.release_year,
        cast(extract(year from dim_title.date_added) as integer) - dim_title.release_year as years_to_addition,
        cast(coalesce(cast_counts.cast_count, 0) as integer) as cast_count,
        cast(coalesce(director_counts.director_count, 0) as integer) as director_count,
        cast(coalesce(genre_counts.genre_count, 0) as integer) as genre_count,
        cast(coalesce(country_counts.country_count, 0) as integer) as country_count
    from dim_title
    left join dim_rating on dim_title.rating = dim_rating.rating and dim_rating.rating_key <> -1
    left join durations on dim_title.duration_minutes = durations.duration_minutes
    left join cast_counts on dim_title.title_key = cast_counts.title_key
    left join director_counts on dim_title.title_key = director_counts.title_key
    left join genre_counts on dim_title.title_key = genre_counts.title_key
    left join country_counts on dim_title.title_key = country_counts.title_key

)

select * from catalogue_titles
