{{ config(incremental_strategy='append') }}

{{ after_bronze_of('catalogue') }}

{%- set fields = [
    'duration_minutes', 'duration_seasons', 'type', 'title', 'date_added', 'release_year', 'rating', 'description',
    'show_id',
] %}
{%- set is_whole = parse_number('show_id', 'bigint') ~ " is not null and type in ('Movie', 'TV Show')" %}

with

new_titles as (

    {{ new_records(ref('bronze_titles')) }}

),

cleaned as (

    select
        {%- for field in fields %}
        {{ clean_text(field) }} as {{ field }},
        {%- endfor %}
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_titles

),

-- Records that the source broke over two lines, put together again: one row for each pair.
rejoined as (

    {{ rejoin_split_records('cleaned', fields, is_whole) }}

),

halves as (

    select 0 as half
    union all
    select 1 as half

),

-- A pair once for each of its records, to be found at the place of either.
halves_of_pairs as (

    select *
    from rejoined
    cross join halves

),

-- The first record of a pair has what belongs to both, the second continues it.
repaired as (

    select
        {%- for field in fields %}
        case when pairs.half = 0 then pairs.{{ field }} else cleaned.{{ field }} end as {{ field }},
        {%- endfor %}
        coalesce(pairs.half = 1, false) as continues,
        cleaned._file_path,
        cleaned._file_version,
        cleaned._committed_at,
        cleaned._row_number
    from cleaned
    left join halves_of_pairs as pairs
    on
        {{ same(['_file_path', '_file_version'], 'cleaned', 'pairs') }}
        and cleaned._row_number = pairs._row_number + pairs.half

),

day_first_versions as (

    {{ day_first_versions(new_records(ref('bronze_titles')), 'date_added') }}

),

-- Words for nothing stay until here: whether a record was cut is seen from the fields that it has.
parsed as (

    select {{ broadcast('day_first_versions') }}
        type,
        case when not {{ is_nothing('title', 'titles') }} then title end as title,
        case when not {{ is_nothing('description', 'names') }} then description end as description,
        case when not {{ is_nothing('rating', 'names') }} then rating end as rating,
        {{ parse_number('show_id', 'bigint') }} as show_id,
        {{ parse_number('duration_minutes', 'integer') }} as duration_minutes,
        {{ parse_number('duration_seasons', 'integer') }} as duration_seasons,
        {{ parse_number('release_year', 'integer') }} as release_year,
        {{ parse_date('date_added', 'us', 'day_first_versions._file_version is not null') }} as date_added,
        duration_minutes as duration_minutes_text,
        duration_seasons as duration_seasons_text,
        release_year as release_year_text,
        date_added as date_added_text,
        continues,
        repaired._file_path,
        repaired._file_version,
        _committed_at,
        _row_number
    from repaired
    left join day_first_versions
        on {{ same(['_file_path', '_file_version'], 'repaired', 'day_first_versions') }}

),

typed as (

    select
        show_id,

        type,
        title,
        description,
        rating,

        duration_minutes,
        duration_seasons,
        release_year,

        date_added,

        {{ untyped_values({
            'duration_minutes': 'duration_minutes',
            'duration_seasons': 'duration_seasons',
            'release_year': 'release_year',
            'date_added': 'date_added',
        }) }} as _untyped_values,
        continues,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from parsed

),

{{ judged('titles', 'typed', continues='continues', content=[
    'type', 'title', 'description', 'rating', 'duration_minutes', 'duration_seasons', 'release_year', 'date_added',
    '_untyped_values',
]) }}

select * from judged
