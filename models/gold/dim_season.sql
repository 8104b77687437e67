{#- What premieres is in the catalogue on that day, give or take a time zone and a list that came late. -#}
{%- set days_apart = 7 -%}
{#- What was in the catalogue so long before is not what premiered. -#}
{%- set days_before = 60 -%}
{%- set after_added = dbt.datediff('candidates.date_added', 'keyed.release_date', 'day') -%}
{#- Strongest first. -#}
{%- set rules = {
    'title and length': 'strong',
    'title and date': 'strong',
    'title and seasons': 'fair',
    'title and year': 'fair',
    'title and language': 'fair',
    'title alone': 'weak',
} -%}

with

silver_engagement as (

    select * from {{ ref('silver_engagement') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current and title_key <> -1

),

dim_country as (

    select * from {{ ref('dim_country') }}

),

bridge_title_country as (

    select * from {{ ref('bridge_title_country') }}

),

ranked as (

    select
        *,
        row_number() over (partition by season_key order by half_year desc, title asc) as recency
    from silver_engagement

),

-- Spelled as in the latest report
seasons as (

    select
        season_key,
        max(case when recency = 1 then show_key end) as show_key,
        max(case when recency = 1 then show_title end) as show_title,
        max(case when recency = 1 then season end) as season,
        max(case when recency = 1 then year_in_title end) as year_in_title,
        max(case when recency = 1 then english_title end) as season_title,
        max(case when recency = 1 then original_title end) as original_title,
        max(case when recency = 1 then type end) as type,
        min(runtime_minutes) as shortest_minutes,
        max(runtime_minutes) as longest_minutes,
        min(release_date) as release_date,
        min(half_year) as first_half_year,
        max(half_year) as last_half_year
    from ranked
    group by season_key

),

described as (

    select
        *,
        case
            when season is null then {{ regexp_replace_all('original_title', ' // .*$', '') }}
            else {{ regexp_replace_all('original_title', ' ?:[^:]*$', '') }}
        end as original_name,
        {{ script_of('original_title') }} as script,
        case
            when {{ regexp_matches('season', '^(Season|Series|Part|Volume) [0-9]{1,2}$') }}
                then cast({{ regexp_replace_all('season', '^[^0-9]+', '') }} as integer)
        end as season_number
    from seasons

),

-- What a title of the catalogue is: a film, or all seasons of a series. Two series of one name may differ in the
-- original.
keyed as (

    select
        *,
        case
            when season is null then season_key
            else {{ generate_surrogate_key(['show_key', 'year_in_title', normalize_title('original_name')]) }}
        end as work_key
    from described

),

works as (

    select
        work_key,
        max(type) as type,
        max(script) as script,
        max(season) is not null as is_series,
        max(year_in_title) as year_in_title,
        max(season_number) as last_season,
        min(shortest_minutes) as shortest_minutes,
        max(longest_minutes) as longest_minutes,
        min(case when coalesce(season_number, 1) = 1 then release_date end) as premiere
    from keyed
    group by work_key

),

names as (

    select
        work_key,
        {{ normalize_title('show_title') }} as normalized_name
    from keyed

    union

    select
        work_key,
        {{ normalize_title('original_name') }} as normalized_name
    from keyed
    where original_name is not null

),

titles as (

    select
        *,
        {{ normalize_title('title') }} as normalized_name
    from dim_title

),

candidates as (

    select
        works.*,
        titles.title_key,
        titles.type as title_type,
        titles.release_year,
        titles.duration_minutes,
        titles.duration_seasons,
        titles.date_added
    from works
    inner join names on works.work_key = names.work_key
    inner join titles on names.normalized_name = titles.normalized_name

),

-- Whether the report's language can be that of the title: it gives the original title of nearly every film that is
-- not in English, and of all from where people do not write in Latin letters.
languages as (

    select
        candidates.work_key,
        candidates.title_key,
        max(case
            when dim_country.film_language is null then 1
            when candidates.script is null
                then case
                    when dim_country.script in ('Hangul', 'Kana', 'Han', 'Thai') then 0 else 1
                end
            when candidates.script = 'Latin' then case when dim_country.film_language = 'English' then 0 else 1 end
            when candidates.script = dim_country.script then 1
            when candidates.script = 'Han' and dim_country.script = 'Kana' then 1
            else 0
        end) = 1 as fits,
        max(case when dim_country.film_language = 'Non-English' then 0 else 1 end) = 0 as is_foreign
    from candidates
    inner join bridge_title_country on candidates.title_key = bridge_title_country.title_key
    inner join dim_country on bridge_title_country.country_key = dim_country.country_key
    group by candidates.work_key, candidates.title_key

),

-- What premiered before the catalogue had the title is a part of it.
premieres as (

    select
        candidates.work_key,
        candidates.title_key,
        min(abs({{ after_added }})) <= {{ days_apart }} as date_agrees,
        max(case when {{ after_added }} <= {{ days_apart }} then keyed.season_number end)
            as last_season_then,
        max({{ after_added }}) > {{ days_apart }} as goes_on,
        max(case when extract(year from keyed.release_date) = candidates.release_year then 1 else 0 end) = 1
            as year_agrees
    from candidates
    inner join keyed on candidates.work_key = keyed.work_key and keyed.release_date is not null
    group by candidates.work_key, candidates.title_key

),

compared as (

    select distinct
        candidates.work_key,
        candidates.title_key,
        candidates.type = candidates.title_type
        or candidates.type = 'Unknown'
        or candidates.title_type = 'Movie' and not candidates.is_series as type_fits,
        -- Null where a length is not known
        case
            when candidates.title_type = 'Movie'
                then abs(candidates.shortest_minutes - candidates.duration_minutes) <= {{ minutes_apart() }}
                or abs(candidates.longest_minutes - candidates.duration_minutes) <= {{ minutes_apart() }}
        end as length_agrees,
        coalesce(premieres.date_agrees, false) as date_agrees,
        coalesce(
            {{ dbt.datediff('candidates.date_added', 'candidates.premiere', 'day') }}
            > {{ days_before }},
            false
        ) as premiered_later,
        coalesce(
            candidates.duration_seasons > 1 and candidates.last_season = candidates.duration_seasons
            or (candidates.duration_seasons > 1 or premieres.goes_on)
            and premieres.last_season_then = candidates.duration_seasons,
            false
        ) as seasons_agree,
        coalesce(candidates.duration_seasons > 1 and candidates.last_season > candidates.duration_seasons, false)
            as goes_on,
        -- The year of a series in the report is that of its first season, in the catalogue that of its latest.
        coalesce(
            candidates.year_in_title - candidates.release_year <= 1
            and (candidates.title_type = 'TV Show' or candidates.release_year - candidates.year_in_title <= 1),
            true
        ) as year_fits,
        coalesce(abs(candidates.year_in_title - candidates.release_year) <= 1 or premieres.year_agrees, false)
            as year_agrees,
        coalesce(languages.fits, true) as language_fits,
        coalesce(languages.fits and languages.is_foreign, false) and candidates.script is not null as language_agrees,
        candidates.type = candidates.title_type or candidates.type = 'Unknown' as type_agrees
    from candidates
    left join premieres
        on candidates.work_key = premieres.work_key and candidates.title_key = premieres.title_key
    left join languages
        on candidates.work_key = languages.work_key and candidates.title_key = languages.title_key

),

ruled as (

    select
        work_key,
        title_key,
        case
            when not type_fits or not year_fits then null
            when date_agrees then 'title and date'
            when premiered_later then null
            when length_agrees then 'title and length'
            when not length_agrees or not type_agrees then null
            when seasons_agree then 'title and seasons'
            when not language_fits then null
            when goes_on then 'title and seasons'
            when year_agrees then 'title and year'
            when language_agrees then 'title and language'
            else 'title alone'
        end as match_rule
    from compared

),

placed as (

    select
        *,
        case match_rule
            {%- for rule in rules %}
            when '{{ rule }}' then {{ loop.index }}
            {%- endfor %}
        end as place,
        case match_rule
            {%- for rule, strength in rules.items() %}
            when '{{ rule }}' then {{ ['strong', 'fair', 'weak'].index(strength) }}
            {%- endfor %}
        end as weakness
    from ruled

),

-- A title that one film or series has for strong reasons is no match for another with fair ones.
best as (

    select
        *,
        place = min(place) over (partition by work_key)
        and weakness = min(weakness) over (partition by title_key) as fits
    from placed

),

matches as (

    select
        work_key,
        max(case when fits then title_key end) as title_key,
        max(case when fits then match_rule end) as match_rule,
        count(case when fits then 1 end) as fitting
    from best
    group by work_key

),

matched_seasons as (

    select
        keyed.season_key,
        keyed.show_key,
        case when matches.fitting = 1 then matches.title_key else -1 end as title_key,

        keyed.season_title,
        keyed.show_title,
        keyed.original_title,
        keyed.season,
        keyed.type,
        case
            when matches.work_key is null then 'no such title'
            when matches.fitting = 0 then 'nothing fits'
            when matches.fitting > 1 then 'several titles fit'
            else matches.match_rule
        end as match_rule,
        case
            when matches.fitting = 1
                then case matches.match_rule
                    {%- for rule, strength in rules.items() %}
                    when '{{ rule }}' then '{{ strength }}'
                    {%- endfor %}
                end
            else 'none'
        end as match_strength,

        keyed.longest_minutes as runtime_minutes,

        keyed.release_date,
        keyed.first_half_year,
        keyed.last_half_year
    from keyed
    left join matches on keyed.work_key = matches.work_key

),

unknown as (

    select
        -1 as season_key,
        -1 as show_key,
        -1 as title_key,

        'Unknown' as season_title,
        'Unknown' as show_title,
        cast(null as {{ dbt.type_string() }}) as original_title,
        cast(null as {{ dbt.type_string() }}) as season,
        'Unknown' as type,
        'no such title' as match_rule,
        'none' as match_strength,

        cast(null as integer) as runtime_minutes,

        cast(null as date) as release_date,
        cast(null as {{ dbt.type_string() }}) as first_half_year,
        cast(null as {{ dbt.type_string() }}) as last_half_year

)

select * from matched_seasons
union all
select * from unknown
