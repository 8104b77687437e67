{{ config(incremental_strategy='append') }}

{{ after_bronze_of('kaggle') }}

{%- set contents = [
    'type', 'title', 'description', 'rating', 'duration_minutes', 'duration_seasons', 'release_year', 'date_added',
    'is_length_moved', 'director_names', 'cast_names', 'country_names', 'genre_names', '_untyped_values',
] %}

with

new_titles as (

    {{ new_records(ref('bronze_kaggle_titles')) }}

),

cleaned as (

    select
        {{ clean_text('type') }} as type,
        {{ clean_text('title', holds='titles') }} as title,
        {{ clean_text('description', holds='names') }} as description,
        {{ clean_text('rating', holds='names') }} as rating_written,
        {{ clean_text('duration', holds='values') }} as duration_written,
        {{ clean_list_item('director') }} as director_names,
        {{ clean_list_item(adapter.quote('cast')) }} as cast_names,
        {{ clean_list_item('country') }} as country_names,
        {{ clean_list_item('listed_in') }} as genre_names,
        {{ clean_text('show_id') }} as show_id_text,
        {{ clean_text('release_year') }} as release_year_text,
        {{ clean_text('date_added') }} as date_added_text,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_titles

),

-- A length that stands in the column before its own, the rating, goes back where that one is empty.
mended as (

    select
        *,
        coalesce(
            duration_written is null
            and {{ regexp_matches('rating_written', '(?i)^[0-9]+ *(min|minutes?|seasons?)[.]?$') }}, false
        ) as is_length_moved
    from cleaned

),

with_length as (

    select
        *,
        case when not is_length_moved then rating_written end as rating,
        case when is_length_moved then rating_written else duration_written end as duration_text
    from mended

),

day_first_versions as (

    {{ day_first_versions(new_records(ref('bronze_kaggle_titles')), 'date_added') }}

),

parsed as (

    select {{ broadcast('day_first_versions') }}
        with_length.*,
        {{ normalize_title('title') }} as normalized_title,
        case
            when {{ regexp_matches('duration_text', '(?i)^[0-9]{1,9} *(min|minutes?)[.]?$') }}
                then cast({{ regexp_replace_all('duration_text', '[^0-9]+', '') }} as integer)
        end as duration_minutes,
        case
            when {{ regexp_matches('duration_text', '(?i)^[0-9]{1,9} *seasons?[.]?$') }}
                then cast({{ regexp_replace_all('duration_text', '[^0-9]+', '') }} as integer)
        end as duration_seasons,
        {{ parse_number('release_year_text', 'integer') }} as release_year,
        {{ parse_date('date_added_text', 'us', 'day_first_versions._file_version is not null') }} as date_added
    from with_length
    left join day_first_versions
        on {{ same(['_file_path', '_file_version'], 'with_length', 'day_first_versions') }}

),

measured as (

    select
        *,
        coalesce(duration_minutes, duration_seasons) as duration,
        case when type = 'Movie' then release_year end as lasting_year,
        {{ parse_number('show_id_text', 'bigint') }} as written_number,
        {{ regexp_matches('show_id_text', '^[sS][0-9]+$') }} and title is not null as is_counted
    from parsed

),

with_untyped as (

    select
        *,
        {{ untyped_values({
            'duration': 'duration',
            'release_year': 'release_year',
            'date_added': 'date_added',
        }) }} as _untyped_values
    from measured

),

-- An edition that numbers its titles s1, s2, … renumbers them each time. What lasts is type and title, and of a
-- movie the year (a show has that of its latest season). Of the few titles that share these, the one that was added
-- first comes first, and of one day the one whose content does.
placed as (

    select
        *,
        dense_rank() over (
            partition by _file_path, _file_version, type, normalized_title, lasting_year
            order by
                coalesce(date_added, cast('9999-12-31' as date)),
                {{ generate_surrogate_key(contents) }},
                show_id_text
        ) as place
    from with_untyped

),

typed as (

    select
        case
            when is_counted
                then mod(
                    {{ generate_surrogate_key(['type', 'normalized_title', 'lasting_year', 'place']) }},
                    1000000000000000000
                )
            else written_number
        end as show_id,

        {%- for column in contents %}
        {{ column }},
        {%- endfor %}

        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from placed

),

{{ judged('kaggle_titles', 'typed', content=contents) }}

select * from judged
