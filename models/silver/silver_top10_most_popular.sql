{{
    config(
        unique_key=['category', 'popularity_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

records as (

    {{ current_records(ref('bronze_top10_most_popular')) }}

),

typed as (

    select
        {{ clean_text('category') }} as category,
        {{ parse_number(adapter.quote('rank'), 'integer') }} as popularity_rank,
        {{ clean_text('show_title') }} as show_title,
        {{ clean_text("nullif(season_title, 'N/A')") }} as season_title,
        {{ parse_number('hours_viewed_first_28_days', 'bigint') }} as hours_viewed_first_28_days,
        {{ parse_number('hours_viewed_first_91_days', 'bigint') }} as hours_viewed_first_91_days,
        {{ parse_hours('runtime') }} as runtime_hours,
        {{ parse_number('views_first_91_days', 'bigint') }} as views,
        _row_number
    from records

),

ranked as (

    select
        *,
        {{ normalize_title('show_title') }} as normalized_title,
        {{ top10_type('category') }} as type,
        row_number() over (partition by category, popularity_rank order by _row_number desc) as recency
    from typed

)

select
    category,
    popularity_rank,
    {{ generate_surrogate_key(['normalized_title', 'type']) }} as show_key,

    show_title,
    season_title,

    coalesce(hours_viewed_first_91_days, hours_viewed_first_28_days) as hours_viewed,
    cast(case
        when hours_viewed_first_91_days is not null then 91
        when hours_viewed_first_28_days is not null then 28
    end as integer) as window_days,
    views,
    runtime_hours
from ranked
where recency = 1
