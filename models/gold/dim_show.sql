{#- Lengths of one film may differ by rounding and by how the credits are counted; those of two films mostly differ by
    more. -#}
{%- set minutes_apart = 2 -%}

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

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

places as (

    select
        show_key,
        show_title,
        {{ top10_type('category') }} as type,
        week,
        runtime_hours
    from silver_top10_global

    union all

    select
        show_key,
        show_title,
        {{ top10_type('category') }} as type,
        week,
        cast(null as double) as runtime_hours
    from silver_top10_countries

    union all

    select
        show_key,
        show_title,
        {{ top10_type('category') }} as type,
        cast(null as date) as week,
        runtime_hours
    from silver_top10_most_popular

),

spellings as (

    select
        show_key,
        show_title,
        type,
        count(*) as places,
        min(week) as first_week,
        min(runtime_hours) as shortest_hours,
        max(runtime_hours) as longest_hours
    from places
    group by show_key, show_title, type

),

ranked as (

    select
        *,
        row_number() over (partition by show_key order by places desc, show_title asc) as spelling_rank
    from spellings

),

shows as (

    select
        show_key,
        max(case when spelling_rank = 1 then show_title end) as show_title,
        max(case when spelling_rank = 1 then type end) as type,
        min(first_week) as first_week,
        min(shortest_hours) as shortest_hours,
        max(longest_hours) as longest_hours
    from ranked
    group by show_key

),

normalized_titles as (

    select
        title_key,
        {{ normalize_title('title') }} as normalized_title,
        type,
        release_year,
        duration_minutes
    from dim_title
    where title_key <> -1

),

titles as (

    select
        *,
        {{ generate_surrogate_key(['normalized_title', 'type']) }} as show_key
    from normalized_titles

),

candidates as (

    select
        shows.show_key,
        titles.title_key,
        coalesce(titles.release_year <= extract(year from shows.first_week), true)
        and (
            shows.type <> 'Movie'
            or coalesce(
                abs(shows.shortest_hours * 60 - titles.duration_minutes) <= {{ minutes_apart }}
                and abs(shows.longest_hours * 60 - titles.duration_minutes) <= {{ minutes_apart }},
                true
            )
        ) as fits
    from shows
    inner join titles on shows.show_key = titles.show_key

),

matches as (

    select
        show_key,
        count(case when fits then 1 end) as fitting,
        max(case when fits then title_key end) as title_key
    from candidates
    group by show_key

),

matched_shows as (

    select
        shows.show_key,
        case when matches.fitting = 1 then matches.title_key else -1 end as title_key,

        shows.show_title,
        shows.type,
        case
            when matches.show_key is null then 'not in the catalogue'
            when matches.fitting = 0 then 'year or length differs'
            when matches.fitting = 1 then 'matched'
            else 'several titles fit'
        end as match_result,

        shows.first_week
    from shows
    left join matches on shows.show_key = matches.show_key

),

unknown as (

    select
        -1 as show_key,
        -1 as title_key,

        'Unknown' as show_title,
        'Unknown' as type,
        'not in the catalogue' as match_result,

        cast(null as date) as first_week

)

select * from matched_shows
union all
select * from unknown
