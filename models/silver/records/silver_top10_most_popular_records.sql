{{ config(incremental_strategy='append') }}

{{ after_bronze_of('top10') }}

with

new_places as (

    {{ new_records(ref('bronze_top10_most_popular')) }}

),

cleaned as (

    select
        nullif({{ clean_text('category') }}, 'N/A') as category,
        nullif({{ clean_text('rank') }}, 'N/A') as popularity_rank_text,
        nullif({{ clean_text('show_title') }}, 'N/A') as show_title,
        nullif({{ clean_text('season_title') }}, 'N/A') as season_title,
        nullif({{ clean_text('hours_viewed_first_28_days') }}, 'N/A') as hours_28_text,
        nullif({{ clean_text('hours_viewed_first_91_days') }}, 'N/A') as hours_91_text,
        nullif({{ clean_text('views_first_91_days') }}, 'N/A') as views_text,
        nullif({{ clean_text('runtime') }}, 'N/A') as runtime_hours_text,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_places

),

parsed as (

    select
        *,
        {{ parse_number('popularity_rank_text', 'integer') }} as popularity_rank,
        {{ parse_number('hours_28_text', 'bigint') }} as hours_28,
        {{ parse_number('hours_91_text', 'bigint') }} as hours_91,
        {{ parse_number('views_text', 'bigint') }} as views,
        {{ parse_hours('runtime_hours_text') }} as runtime_hours
    from cleaned

),

typed as (

    select
        category,
        popularity_rank,

        show_title,
        season_title,

        -- The column of hours was renamed when the lists went over from 28 days to 91; window_days says which it is.
        coalesce(hours_91, hours_28) as hours_viewed,
        cast(case when hours_91 is not null then 91 when hours_28 is not null then 28 end as integer) as window_days,
        views,
        nullif(runtime_hours, 0) as runtime_hours,  -- 0 while episodes are launched at different times

        {{ untyped_values({
            'popularity_rank': 'rank',
            'hours_28': 'hours_viewed_first_28_days',
            'hours_91': 'hours_viewed_first_91_days',
            'views': 'views_first_91_days',
            'runtime_hours': 'runtime',
        }) }} as _untyped_values,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from parsed

),

{{ judged('top10_most_popular', 'typed', content=[
    'show_title', 'season_title', 'hours_viewed', 'window_days', 'views', 'runtime_hours', '_untyped_values',
]) }}

select * from judged
