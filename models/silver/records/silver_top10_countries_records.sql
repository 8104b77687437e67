{{ config(incremental_strategy='append', on_schema_change='append_new_columns') }}

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

-- Beside each place the show's last week in the list, and what had the place before
beside as (

    select
        *,
        lag(week) over weeks_of_show as last_week,
        lag(cumulative_weeks_in_top_10) over weeks_of_show as weeks_in_list_before,
        lag(week) over weeks_of_place as week_before,
        lag(show_title) over weeks_of_place as show_before,
        lag(season_title) over weeks_of_place as season_before,
        min(week) over file_version as first_week,
        max(week) over file_version as newest_week
    from typed
    window
        {{ windows_of_a_list(['country_iso2', 'category']) }}

),

placed as (

    select
        *,
        cast(floor({{ dbt.datediff('week', 'newest_week', 'day') }} / 7) as integer) as weeks_ago,
        coalesce(
            {{ dbt.datediff('week_before', 'week', 'day') }} = 7
            and show_title = show_before and season_title is not distinct from season_before,
            false
        ) as is_repeated,
        {{ is_out_of_count() }} as is_out_of_count
    from beside

),

{{ judged('top10_countries', 'placed', content=[
    'country_name', 'show_title', 'season_title', 'cumulative_weeks_in_top_10', 'weeks_ago', 'is_repeated',
    'is_out_of_count', '_untyped_values',
]) }}

select * from judged
