{{ config(incremental_strategy='append') }}

{{ after_bronze_of('top10') }}

with

new_places as (

    {{ new_records(ref('bronze_top10_global')) }}

),

cleaned as (

    select
        {{ clean_text('week') }} as week_text,
        {{ clean_text('category', holds='names') }} as category,
        {{ clean_text('weekly_rank') }} as weekly_rank_text,
        {{ clean_text('show_title', holds='titles') }} as show_title,
        {{ clean_text('season_title', holds='titles') }} as season_title,
        -- the source renamed the column in November 2024
        coalesce(
            {{ clean_text('episode_launch_details', holds='names') }},
            {{ clean_text('episode_launch_dtls', holds='names') }}
        ) as episode_launch_details,
        {{ clean_text('weekly_hours_viewed') }} as weekly_hours_viewed_text,
        {{ clean_text('weekly_views') }} as weekly_views_text,
        {{ clean_text('runtime') }} as runtime_hours_text,
        {{ clean_text('cumulative_weeks_in_top_10') }} as cumulative_weeks_in_top_10_text,
        {{ clean_text('is_staggered_launch') }} as is_staggered_launch_text,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_places

),

day_first_versions as (

    {{ day_first_versions(new_records(ref('bronze_top10_global')), 'week') }}

),

parsed as (

    select {{ broadcast('day_first_versions') }}
        cleaned.*,
        {{ parse_date('week_text', 'iso', 'day_first_versions._file_version is not null') }} as week,
        {{ parse_number('weekly_rank_text', 'integer') }} as weekly_rank,
        {{ parse_number('weekly_hours_viewed_text', 'bigint') }} as weekly_hours_viewed,
        {{ parse_number('weekly_views_text', 'bigint') }} as weekly_views,
        {{ parse_decimal('runtime_hours_text') }} as runtime_hours,
        {{ parse_number('cumulative_weeks_in_top_10_text', 'integer') }} as cumulative_weeks_in_top_10,
        {{ parse_boolean('is_staggered_launch_text') }} as is_staggered_launch
    from cleaned
    left join day_first_versions
        on {{ same(['_file_path', '_file_version'], 'cleaned', 'day_first_versions') }}

),

typed as (

    select
        {{ week_of_a_list('week') }} as week,
        category,
        weekly_rank,

        show_title,
        season_title,
        episode_launch_details,

        weekly_hours_viewed,
        weekly_views,
        nullif(runtime_hours, 0) as runtime_hours,  -- 0 while episodes are launched at different times
        cumulative_weeks_in_top_10,

        is_staggered_launch,

        {{ untyped_values({
            'week': 'week',
            'weekly_rank': 'weekly_rank',
            'weekly_hours_viewed': 'weekly_hours_viewed',
            'weekly_views': 'weekly_views',
            'runtime_hours': 'runtime',
            'cumulative_weeks_in_top_10': 'cumulative_weeks_in_top_10',
            'is_staggered_launch': 'is_staggered_launch',
        }) }} as _untyped_values,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from parsed

),

{{ judged('top10_global', 'typed', content=[
    'show_title', 'season_title', 'episode_launch_details', 'weekly_hours_viewed', 'weekly_views', 'runtime_hours',
    'cumulative_weeks_in_top_10', 'is_staggered_launch', '_untyped_values',
]) }}

select * from judged
