{{ config(incremental_strategy='append') }}

{{ after_bronze_of('top10') }}

with

new_places as (

    {{ new_records(ref('bronze_top10_countries')) }}

),

cleaned as (

    select
        {{ clean_text('country_iso2', holds='codes') }} as country_iso2,
        {{ clean_text('week') }} as week_text,
        {{ clean_text('category', holds='names') }} as category,
        {{ clean_text('weekly_rank') }} as weekly_rank_text,
        {{ clean_text('country_name', holds='names') }} as country_name,
        {{ clean_text('show_title', holds='titles') }} as show_title,
        {{ clean_text('season_title', holds='titles') }} as season_title,
        {{ clean_text('cumulative_weeks_in_top_10') }} as cumulative_weeks_in_top_10_text,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_places

),

day_first_versions as (

    {{ day_first_versions(new_records(ref('bronze_top10_countries')), 'week') }}

),

parsed as (

    select {{ broadcast('day_first_versions') }}
        cleaned.*,
        {{ parse_date('week_text', 'iso', 'day_first_versions._file_version is not null') }} as week,
        {{ parse_number('weekly_rank_text', 'integer') }} as weekly_rank,
        {{ parse_number('cumulative_weeks_in_top_10_text', 'integer') }} as cumulative_weeks_in_top_10
    from cleaned
    left join day_first_versions
        on {{ same(['_file_path', '_file_version'], 'cleaned', 'day_first_versions') }}

),

typed as (

    select
        country_iso2,
        {{ week_of_a_list('week') }} as week,
        category,
        weekly_rank,

        country_name,
        show_title,
        season_title,

        cumulative_weeks_in_top_10,

        {{ untyped_values({
            'week': 'week',
            'weekly_rank': 'weekly_rank',
            'cumulative_weeks_in_top_10': 'cumulative_weeks_in_top_10',
        }) }} as _untyped_values,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from parsed

),

{{ judged('top10_countries', 'typed', content=[
    'country_name', 'show_title', 'season_title', 'cumulative_weeks_in_top_10', '_untyped_values',
]) }}

select * from judged
