{{ config(incremental_strategy='append') }}

{{ after_bronze_of('top10') }}

with

new_places as (

    {{ new_records(ref('bronze_top10_countries')) }}

),

cleaned as (

    select
        nullif({{ clean_text('country_iso2') }}, 'N/A') as country_iso2,
        nullif({{ clean_text('week') }}, 'N/A') as week_text,
        nullif({{ clean_text('category') }}, 'N/A') as category,
        nullif({{ clean_text('weekly_rank') }}, 'N/A') as weekly_rank_text,
        nullif({{ clean_text('country_name') }}, 'N/A') as country_name,
        nullif({{ clean_text('show_title') }}, 'N/A') as show_title,
        nullif({{ clean_text('season_title') }}, 'N/A') as season_title,
        nullif({{ clean_text('cumulative_weeks_in_top_10') }}, 'N/A') as cumulative_weeks_in_top_10_text,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_places

),

parsed as (

    select
        *,
        {{ parse_iso_date('week_text') }} as week,
        {{ parse_number('weekly_rank_text', 'integer') }} as weekly_rank,
        {{ parse_number('cumulative_weeks_in_top_10_text', 'integer') }} as cumulative_weeks_in_top_10
    from cleaned

),

typed as (

    select
        country_iso2,
        week,
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
