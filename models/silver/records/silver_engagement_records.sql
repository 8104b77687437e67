{{ config(incremental_strategy='append') }}

{{ after_bronze_of('engagement') }}

with

new_engagement as (

    {{ new_records(ref('bronze_engagement')) }}

),

cleaned as (

    select
        {{ clean_text(adapter.quote('Title'), holds='titles') }} as title,
        {{ clean_text(adapter.quote('Available_Globally?'), holds='names') }} as is_available_globally_text,
        {{ clean_text(adapter.quote('Release_Date')) }} as release_date_text,
        {{ clean_text(adapter.quote('Hours_Viewed')) }} as hours_viewed_text,
        {{ clean_text(adapter.quote('Views')) }} as views_text,
        coalesce({{ clean_text(adapter.quote('Runtime')) }}, '') as runtime_written,
        {{ half_year_of('_file_path') }} as half_year,
        case
            when lower(_sheet) in ('film', 'films', 'movie', 'movies') then 'Films'
            when lower(_sheet) in ('tv', 'tv shows', 'tv series', 'show', 'shows', 'series') then 'TV'
            else 'Films and TV'
        end as section,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_engagement

),

-- A cell of text (2:22), of a time (02:22:00) or of a duration (PT102H34M), all as hours:minutes.
with_length as (

    select
        *,
        case
            when {{ regexp_matches('runtime_written', '^[0-9]+:[0-9]+:[0-9]+$') }}
                then {{ regexp_replace_all('runtime_written', ':[0-9]+$', '') }}
            else trim(replace(replace(replace(replace(runtime_written, '*', ''), 'PT', ''), 'H', ':'), 'M', ''))
        end as length_text,
        nullif(trim(replace(runtime_written, '*', '')), '') as runtime_minutes_text
    from cleaned

),

parsed as (

    select
        *,
        {{ parse_iso_date('release_date_text') }} as release_date,
        {{ parse_number('hours_viewed_text', 'bigint') }} as hours_viewed,
        {{ parse_number('views_text', 'bigint') }} as views,
        {{ parse_boolean('is_available_globally_text') }} as is_available_globally,
        case
            when {{ regexp_matches('length_text', '^[0-9]{1,4}:[0-5]?[0-9]$') }}
                then
                    60 * cast({{ regexp_replace_all('length_text', ':.*$', '') }} as integer)
                    + cast({{ regexp_replace_all('length_text', '^.*:', '') }} as integer)
        end as runtime_minutes
    from with_length

),

typed as (

    select
        half_year,
        section,
        title,
        runtime_written,

        {{ clean_text(regexp_replace_all('title', ' // .*$', '')) }} as english_title,
        case
            when title like '% // %' then {{ clean_text(regexp_replace_all('title', '^.*? // ', '')) }}
        end as original_title,

        release_date,
        hours_viewed,
        views,
        runtime_minutes,
        runtime_written like '%*%' as is_runtime_explained,
        is_available_globally,

        {{ untyped_values({
            'release_date': 'Release_Date',
            'hours_viewed': 'Hours_Viewed',
            'views': 'Views',
            'runtime_minutes': 'Runtime',
            'is_available_globally': 'Available_Globally?',
        }) }} as _untyped_values,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from parsed

),

{{ judged('engagement', 'typed', content=[
    'english_title', 'original_title', 'release_date', 'hours_viewed', 'views', 'runtime_minutes',
    'is_runtime_explained', 'is_available_globally', '_untyped_values',
]) }}

select * from judged
