{{ config(incremental_strategy='append', on_schema_change='append_new_columns') }}

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
        {{ clean_text('hours_viewed_first_182_days') }} as hours_182_text,
        {{ clean_text('views_first_91_days') }} as views_91_text,
        {{ clean_text('views_first_182_days') }} as views_182_text,
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
        {{ parse_number('hours_182_text', 'bigint') }} as hours_182,
        {{ parse_number('views_91_text', 'bigint') }} as views_91,
        {{ parse_number('views_182_text', 'bigint') }} as views_182,
        {{ parse_decimal('runtime_hours_text') }} as runtime_hours
    from cleaned

),

typed as (

    select
        category,
        popularity_rank,

        show_title,
        season_title,

        -- The column has another name where the lists count other days; window_days says which. The usual 91 go first.
        coalesce(hours_91, hours_182, hours_28) as hours_viewed,
        cast(
            case
                when hours_91 is not null then 91
                when hours_182 is not null then 182
                when hours_28 is not null then 28
            end as integer
        ) as window_days,
        case when hours_91 is not null or hours_182 is null then views_91 else views_182 end as views,
        nullif(runtime_hours, 0) as runtime_hours,  -- 0 while episodes are launched at different times

        {{ untyped_values({
            'popularity_rank': 'rank',
            'hours_28': 'hours_viewed_first_28_days',
            'hours_91': 'hours_viewed_first_91_days',
            'hours_182': 'hours_viewed_first_182_days',
            'views_91': 'views_first_91_days',
            'views_182': 'views_first_182_days',
            'runtime_hours': 'runtime',
        }) }} as _untyped_values,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from parsed

),

-- Beside each place the one above it
beside as (

    select
        *,
        lag(views) over places_of_list as views_above,
        lag(hours_viewed) over places_of_list as hours_above
    from typed
    window places_of_list as (partition by _file_path, _file_version, category order by popularity_rank, _row_number)

),

placed as (

    select
        *,
        {{ is_out_of_order('views', 'hours_viewed') }} as is_out_of_order
    from beside

),

{{ judged('top10_most_popular', 'placed', content=[
    'show_title', 'season_title', 'hours_viewed', 'window_days', 'views', 'runtime_hours', 'is_out_of_order',
    '_untyped_values',
]) }}

select * from judged
