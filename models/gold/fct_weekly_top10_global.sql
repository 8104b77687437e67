with

silver_top10_global as (

    select * from {{ ref('silver_top10_global') }}

),

dim_show as (

    select * from {{ ref('dim_show') }}

),

dim_season as (

    select * from {{ ref('dim_season') }}
    where season_key <> -1

),

listed as (

    select
        week,
        category,
        weekly_rank,
        {{ normalize_title('coalesce(season_title, show_title)') }} as normalized_title,
        {{ top10_type('category') }} as type,
        {{ top10_language('category') }} as language,
        runtime_hours
    from silver_top10_global

),

-- Without the year, which the lists do not give
reported as (

    select
        season_key,
        type,
        {{ normalize_title("show_title || coalesce(': ' || season, '')") }} as normalized_title,
        case when original_title is null then 0 else 1 end as has_original_title,
        runtime_minutes
    from dim_season

),

-- The film or season of the reports that a place is about, if there is one of that name, and of films one of that
-- length. The reports have an original title of what is not in English.
seasons as (

    select
        listed.week,
        listed.category,
        listed.weekly_rank,
        case
            when count(*) = 1 then max(reported.season_key)
            when listed.language = 'Non-English' and sum(reported.has_original_title) = 1
                then max(case when reported.has_original_title = 1 then reported.season_key end)
        end as season_key
    from listed
    inner join reported
        on
            listed.normalized_title = reported.normalized_title
            and reported.type in (listed.type, 'Unknown')
            and (listed.language <> 'English' or reported.has_original_title = 0)
            and (
                listed.type <> 'Movie'
                or coalesce(abs(listed.runtime_hours * 60 - reported.runtime_minutes), 0) <= {{ minutes_apart() }}
            )
    group by listed.week, listed.category, listed.weekly_rank, listed.language

),

places as (

    select
        {{ date_key('silver_top10_global.week') }} as week_key,
        {{ generate_surrogate_key(['silver_top10_global.category']) }} as category_key,
        silver_top10_global.weekly_rank,
        silver_top10_global.show_key,
        coalesce(seasons.season_key, -1) as season_key,
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
    left join seasons
        on {{ same(['week', 'category', 'weekly_rank'], 'silver_top10_global', 'seasons') }}

)

select * from places
