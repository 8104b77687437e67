{#- What the title of a later season than the first has after that of the series: ": Season 3: Jamie", " 4". Parts are
    left out, as one season may come in several. -#}
{%- set later_season = "^(: (Season|Series|Collection|Volume))? ([2-9]|[1-9][0-9])([^0-9].*)?$" -%}
{#- Before a series that has only started can have a second season: half a year. -#}
{%- set days_to_second_season = 182 -%}

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

dim_season as (

    select * from {{ ref('dim_season') }}
    where season_key <> -1

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

dim_country as (

    select * from {{ ref('dim_country') }}

),

bridge_title_country as (

    select * from {{ ref('bridge_title_country') }}

),

-- The lists of countries do not tell languages apart, and those of all time have no week.
places as (

    select
        show_key,
        show_title,
        replace(season_title, show_title, '') as season,
        {{ top10_type('category') }} as type,
        {{ top10_language('category') }} as language,
        week,
        runtime_hours
    from silver_top10_global

    union all

    select
        show_key,
        show_title,
        replace(season_title, show_title, '') as season,
        {{ top10_type('category') }} as type,
        'All' as language,
        week,
        cast(null as double) as runtime_hours
    from silver_top10_countries

    union all

    select
        show_key,
        show_title,
        replace(season_title, show_title, '') as season,
        {{ top10_type('category') }} as type,
        {{ top10_language('category') }} as language,
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
        max(runtime_hours) as longest_hours,
        max(case when language = 'English' then 1 else 0 end) as in_english,
        max(case when language = 'Non-English' then 1 else 0 end) as in_other_languages
    from places
    group by show_key, show_title, type

),

ranked as (

    select
        *,
        row_number() over (partition by show_key order by places desc, show_title asc) as spelling_rank
    from spellings

),

listed_shows as (

    select
        show_key,
        max(case when spelling_rank = 1 then show_title end) as show_title,
        max(case when spelling_rank = 1 then type end) as type,
        min(first_week) as first_week,
        min(shortest_hours) as shortest_hours,
        max(longest_hours) as longest_hours,
        max(in_english) as in_english,
        max(in_other_languages) as in_other_languages
    from ranked
    group by show_key

),

reported_shows as (

    select
        show_key,
        max(show_title) as show_title,
        max(type) as type,
        cast(null as date) as first_week,
        cast(null as double) as shortest_hours,
        cast(null as double) as longest_hours,
        0 as in_english,
        0 as in_other_languages
    from dim_season
    where show_key not in (select show_key from listed_shows)
    group by show_key

),

shows as (

    select
        *,
        true as is_listed
    from listed_shows

    union all

    select
        *,
        false as is_listed
    from reported_shows

),

seasons as (

    select
        show_key,
        season,
        week,
        min(week) over (partition by show_key) as began
    from places

),

series_that_began_before as (

    select distinct show_key
    from seasons
    where
        {{ regexp_matches('season', later_season) }}
        and {{ dbt.datediff('began', 'week', 'day') }}
        < {{ days_to_second_season }}

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

-- Whether any of the title's countries makes films in English, and any in other languages.
title_languages as (

    select
        bridge_title_country.title_key,
        max(case when coalesce(dim_country.film_language, 'Both') <> 'Non-English' then 1 else 0 end) as english,
        max(case when coalesce(dim_country.film_language, 'Both') <> 'English' then 1 else 0 end) as other_languages
    from bridge_title_country
    inner join dim_country on bridge_title_country.country_key = dim_country.country_key
    group by bridge_title_country.title_key

),

-- The keys of a show in the reports: what is in the first one only may be of either type.
reported_keys as (

    select
        show_key,
        show_key as reported_key
    from shows

    union

    select
        show_key,
        {{ generate_surrogate_key([normalize_title('show_title'), "'Unknown'"]) }} as reported_key
    from listed_shows

),

named_alike as (

    select
        shows.show_key,
        shows.in_english = 1 and shows.in_other_languages = 0 as is_english,
        shows.in_english = 0 and shows.in_other_languages = 1 as is_other_language,
        shows.in_english = 1 and shows.in_other_languages = 1 as is_of_both,
        dim_season.title_key,
        dim_season.type,
        dim_season.match_rule,
        dim_season.match_strength,
        case when dim_season.original_title is null then 0 else 1 end as has_original_title,
        case
            when
                {{ dbt.datediff('dim_season.release_date', 'shows.first_week', 'day') }}
                between 0 and 6
                then 1
            else 0
        end as premiered,
        -- Nothing apart where a length is not known
        case
            when shows.type = 'Movie' and shows.shortest_hours is not null and dim_season.runtime_minutes is not null
                then round(least(
                    abs(shows.shortest_hours * 60 - dim_season.runtime_minutes),
                    abs(shows.longest_hours * 60 - dim_season.runtime_minutes)
                ))
            else 0
        end as minutes_apart
    from shows
    inner join reported_keys on shows.show_key = reported_keys.show_key
    inner join dim_season on reported_keys.reported_key = dim_season.show_key

),

-- What of it can be the show: the film whose length is nearest; what premiered in the show's first week, if anything
-- did; and the series with an original title, as all that are not in English mostly have.
reported_seasons as (

    select
        *,
        minutes_apart <= {{ minutes_apart() }}
        and minutes_apart = min(minutes_apart) over (partition by show_key)
        and premiered = max(premiered) over (partition by show_key)
        and not (is_english and has_original_title = 1)
        and not (
            is_other_language
            and type <> 'Movie'
            and has_original_title < max(has_original_title) over (partition by show_key)
        ) as is_it
    from named_alike

),

-- What the reports say of a show: of a film, if they have one that can be it; of a series, if its seasons agree. A
-- show of lists of both kinds has been two.
reported as (

    select
        show_key,
        count(distinct case when {{ is_matched('match_strength') }} then title_key end) as titles,
        max(case when {{ is_matched('match_strength') }} then title_key end) as title_key,
        count(case when match_rule = 'nothing fits' then 1 end) as unfit,
        count(*) as seasons,
        max(type) = 'Movie' as is_film
    from reported_seasons
    where is_it and not is_of_both
    group by show_key

),

verdicts as (

    select
        show_key,
        case when titles = 1 and unfit = 0 then title_key end as title_key,
        unfit = seasons as is_unfit
    from reported
    where seasons = 1 or not is_film

),

compared as (

    select
        shows.show_key,
        titles.title_key,
        coalesce(titles.release_year <= extract(year from shows.first_week), true) as year_fits,
        shows.in_english <= coalesce(title_languages.english, 1)
        and shows.in_other_languages <= coalesce(title_languages.other_languages, 1) as language_fits,
        -- Null where a length is not known.
        case
            when shows.type = 'Movie'
                then abs(shows.shortest_hours * 60 - titles.duration_minutes) <= {{ minutes_apart() }}
                and abs(shows.longest_hours * 60 - titles.duration_minutes) <= {{ minutes_apart() }}
        end as length_agrees
    from shows
    inner join titles on shows.show_key = titles.show_key
    left join title_languages on titles.title_key = title_languages.title_key

),

candidates as (

    select
        *,
        year_fits and coalesce(length_agrees, true) as year_and_length_fit,
        year_fits and coalesce(length_agrees, true) and language_fits as fits
    from compared

),

matches as (

    select
        show_key,
        count(case when fits then 1 end) as fitting,
        count(case when year_and_length_fit then 1 end) as fitting_but_for_language,
        max(case when fits then title_key end) as title_key,
        max(case when fits and length_agrees then 1 else 0 end) as length_agrees
    from candidates
    group by show_key

),

decided as (

    select
        shows.*,
        case
            when verdicts.title_key is not null then verdicts.title_key
            when verdicts.is_unfit then -1
            when matches.fitting = 1 then matches.title_key
            else -1
        end as title_key,
        case
            when verdicts.title_key is not null then 'matched'
            when matches.show_key is null then 'not in the catalogue'
            when verdicts.is_unfit then 'year or length differs'
            when matches.fitting > 1 then 'several titles fit'
            when matches.fitting_but_for_language = 0 then 'year or length differs'
            when matches.fitting = 0 then 'language differs'
            when matches.length_agrees = 1 or series_that_began_before.show_key is not null then 'matched'
            else 'name alone'
        end as match_result
    from shows
    left join verdicts on shows.show_key = verdicts.show_key
    left join matches on shows.show_key = matches.show_key
    left join series_that_began_before on shows.show_key = series_that_began_before.show_key

),

matched_shows as (

    select
        decided.show_key,
        decided.title_key,

        decided.show_title,
        decided.type,
        case
            when decided.in_english + decided.in_other_languages = 2 then 'Both'
            when decided.in_english = 1 then 'English'
            when decided.in_other_languages = 1 then 'Non-English'
            else 'Unknown'
        end as language,
        decided.match_result,

        decided.is_listed,

        decided.first_week,
        cast(extract(year from decided.first_week) - titles.release_year as integer) as years_after_release
    from decided
    left join titles on decided.title_key = titles.title_key

),

unknown as (

    select
        -1 as show_key,
        -1 as title_key,

        'Unknown' as show_title,
        'Unknown' as type,
        'Unknown' as language,
        'not in the catalogue' as match_result,

        false as is_listed,

        cast(null as date) as first_week,
        cast(null as integer) as years_after_release

)

select * from matched_shows
union all
select * from unknown
