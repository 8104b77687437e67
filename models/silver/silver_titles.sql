{{
    config(
        unique_key='show_id',
        not_matched_by_source_action='delete',
    )
}}

{%- set fields = [
    'duration_minutes', 'duration_seasons', 'type', 'title', 'date_added', 'release_year', 'rating', 'description',
    'show_id',
] %}
{%- set is_whole = regexp_matches('show_id', '^[0-9]{1,18}$') ~ " and type in ('Movie', 'TV Show')" %}
{%- set typed_fields = ['duration_minutes', 'duration_seasons', 'release_year', 'date_added'] %}

with

current_titles as (

    {{ current_records(ref('bronze_titles')) }}

),

cleaned as (

    select
        {%- for field in fields %}
        {{ clean_text(field) }} as {{ field }},
        {%- endfor %}
        _file_path,
        _file_version,
        _row_number
    from current_titles

),

rejoined as (

    {{ rejoin_split_records('cleaned', fields, is_whole) }}

),

records as (

    select
        {{ fields | join(', ') }},
        0 as rejoined
    from cleaned

    union all

    select
        {{ fields | join(', ') }},
        1 as rejoined
    from rejoined

),

deduplicated as (

    select
        {{ fields | join(', ') }},
        count(*) - 1 as duplicates,
        sum(rejoined) as rejoined
    from records
    where {{ parse_number('show_id', 'bigint') }} is not null
    group by {{ fields | join(', ') }}

),

typed as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,
        type,
        title,
        description,
        rating,
        {{ parse_number('duration_minutes', 'integer') }} as duration_minutes,
        {{ parse_number('duration_seasons', 'integer') }} as duration_seasons,
        {{ parse_number('release_year', 'integer') }} as release_year,
        {{ parse_us_date('date_added') }} as date_added,
        {%- for field in typed_fields %}
        {{ field }} as {{ field }}_text,
        {%- endfor %}
        duplicates,
        rejoined
    from deduplicated

)

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

    nullif(concat_ws(
        '; ',
        {%- for field in typed_fields %}
        case when {{ field }} is null then '{{ field }}: ' || {{ field }}_text end{{ ',' if not loop.last }}
        {%- endfor %}
    ), '') as _untyped_values,
    cast(rejoined as integer) as _records_rejoined,
    cast(duplicates as integer) as _duplicates_merged
from typed
