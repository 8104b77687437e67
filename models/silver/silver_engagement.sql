{{
    config(
        unique_key=['half_year', 'section', 'title', 'runtime_written'],
        not_matched_by_source_action='delete',
        on_schema_change='append_new_columns',
    )
}}

{#- As in Immortals (2011) #}
{%- set year_of_title = ' [(](19|20)[0-9][0-9][)]$' %}
{%- set name = 'type, normalized_title, normalized_original' %}

with

versions as (

    {{ file_versions('engagement') }}

),

current_engagement as (

    {{ current_records('engagement', versions='versions') }}

),

-- Of columns that the current version of a report has no more.
known_before as (

    {{ values_before(
        'engagement',
        'versions',
        'current_engagement',
        ['release_date', 'hours_viewed', 'views', 'is_available_globally'],
        beside={'views': 'hours_viewed'},
    ) }}

),

known as (

    select
        current_engagement.half_year,
        current_engagement.section,
        current_engagement.title,
        current_engagement.runtime_written,
        current_engagement.english_title,
        current_engagement.original_title,
        coalesce(current_engagement.release_date, known_before.release_date) as release_date,
        coalesce(current_engagement.hours_viewed, known_before.hours_viewed) as hours_viewed,
        coalesce(
            current_engagement.views,
            -- Views are hours divided by the length: those of other hours are not this row's.
            case
                when
                    known_before.hours_viewed_of_views
                    = coalesce(current_engagement.hours_viewed, known_before.hours_viewed)
                    then known_before.views
            end
        ) as views,
        current_engagement.runtime_minutes,
        current_engagement.is_runtime_explained,
        coalesce(current_engagement.is_available_globally, known_before.is_available_globally) as is_available_globally,
        current_engagement._untyped_values
    from current_engagement
    left join known_before
        on
            {{ same(['_file_path', '_file_version', 'half_year', 'section'], 'current_engagement', 'known_before') }}
            and {{ same(['title', 'runtime_written'], 'current_engagement', 'known_before') }}

),

-- A title is in the section of the last report that has it: the first report has a single section for films and
-- series, and some specials have moved. Unless one report has it in both, as two things.
sections as (

    select
        title,
        max(case when place = 1 then section end) as section
    from (
        select
            title,
            half_year,
            section,
            rank() over (partition by title order by half_year desc) as place,
            count(*) over (partition by title, half_year) as sections
        from (
            select distinct
                title,
                half_year,
                section
            from known
            where section <> 'Films and TV'
        ) as named
    ) as placed
    group by title
    having max(sections) = 1

),

typed as (

    select
        known.*,
        case
            when coalesce(sections.section, known.section) = 'Films' then 'Movie'
            when coalesce(sections.section, known.section) = 'TV' then 'TV Show'
            when {{ regexp_matches('english_title', ': (Season|Series|Staffel|Temporada) ?[0-9]+|: Limited Series$') }}
                then 'TV Show'
            else 'Unknown'
        end as type
    from known
    left join sections on known.title = sections.title

),

split_titles as (

    select
        *,
        case
            when type = 'Movie' then english_title
            else {{ regexp_replace_all('english_title', season_of_title(), '') }}
        end as title_and_year
    from typed

),

named as (

    select
        *,
        nullif(substring(english_title, length(title_and_year) + 3), '') as season,
        {{ regexp_replace_all('title_and_year', year_of_title, '') }} as show_title,
        case
            when {{ regexp_matches('title_and_year', year_of_title) }}
                then cast(left(right(title_and_year, 5), 4) as integer)
        end as year_in_title
    from split_titles

),

normalized as (

    select
        *,
        {{ normalize_title('show_title') }} as normalized_show,
        {{ normalize_title('english_title') }} as normalized_title,
        {{ normalize_title('original_title') }} as normalized_original
    from named

),

-- Where one report has a title twice, with another length or other marks, these tell the two apart, in all reports.
keyed as (

    select
        *,
        case
            when max(namesakes) over (partition by {{ name }}) > 1
                then title || coalesce(' ' || cast(runtime_minutes as {{ dbt.type_string() }}), '')
        end as told_apart_by
    from (
        select
            *,
            count(*) over (partition by half_year, {{ name }}) as namesakes
        from normalized
    ) as counted

)

select
    half_year,
    section,
    title,
    runtime_written,
    {{ generate_surrogate_key(['normalized_show', 'type']) }} as show_key,
    {{ generate_surrogate_key(['normalized_title', 'normalized_original', 'type', 'told_apart_by']) }} as season_key,

    english_title,
    original_title,
    show_title,
    season,
    year_in_title,
    type,

    release_date,
    hours_viewed,
    views,
    runtime_minutes,
    is_runtime_explained,
    is_available_globally,
    _untyped_values
from keyed
