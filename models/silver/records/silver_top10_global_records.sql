{{ config(incremental_strategy='append') }}

{{ after_bronze_of('top10') }}

with

new_places as (

    {{ new_records(ref('bronze_top10_global')) }}

),

cleaned as (

    select
        nullif({{ clean_text('week') }}, 'N/A') as week_text,
        nullif({{ clean_text('category') }}, 'N/A') as category,
        nullif({{ clean_text('weekly_rank') }}, 'N/A') as weekly_rank_text,
        nullif({{ clean_text('show_title') }}, 'N/A') as show_title,
        nullif({{ clean_text('season_title') }}, 'N/A') as season_title,
        -- the source renamed the column in November 2024
        coalesce(
            nullif({{ clean_text('episode_launch_details') }}, 'N/A'),
            nullif({{ clean_text('episode_launch_dtls') }}, 'N/A')
        ) as episode_launch_details,
        nullif({{ clean_text('weekly_hours_viewed') }}, 'N/A') as weekly_hours_viewed_text,
        nullif({{ clean_text('weekly_views') }}, 'N/A') as weekly_views_text,
        nullif({{ clean_text('runtime') }}, 'N/A') as runtime_hours_text,
        nullif({{ clean_text('cumulative_weeks_in_top_10') }}, 'N/A') as cumulative_weeks_in_top_10_text,
        nullif({{ clean_text('is_staggered_launch') }}, 'N/A') as is_staggered_launch_text,
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
        {{ parse_number('weekly_hours_viewed_text', 'bigint') }} as weekly_hours_viewed,
        {{ parse_number('weekly_views_text', 'bigint') }} as weekly_views,
        {{ parse_hours('runtime_hours_text') }} as runtime_hours,
        {{ parse_number('cumulative_weeks_in_top_10_text', 'integer') }} as cumulative_weeks_in_top_10,
        case lower(is_staggered_launch_text) when 'true' then true when 'false' then false end as is_staggered_launch
    from cleaned

),

typed as (

    select
        week,
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
