{{ config(incremental_strategy='append') }}

{{ after_bronze_of('top10') }}

with

new_places as (

    {{ new_records(ref('bronze_top10_most_popular')) }}

),

cleaned as (

    select
        {{ clean_text('category', holds='names') }} as category,
        {{ clean_text('rank') }} as popularity_rank_text,
        {{ clean_text('show_title', holds='titles') }} as show_title,
        {{ clean_text('season_title', holds='titles') }} as season_title,
        {{ clean_text('hours_viewed_first_28_days') }} as hours_28_text,
        {{ clean_text('hours_viewed_first_91_days') }} as hours_91_text,
        {{ clean_text('views_first_91_days') }} as views_text,
        {{ clean_text('runtime') }} as runtime_hours_text,
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
        {{ parse_decimal('runtime_hours_text') }} as runtime_hours
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
