{{
    config(
        unique_key=['country_iso2', 'week', 'category', 'weekly_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

records as (

    {{ weekly_records(ref('bronze_top10_countries')) }}

),

typed as (

    select
        {{ clean_text('country_iso2') }} as country_iso2,
        {{ clean_text('country_name') }} as country_name,
        {{ parse_iso_date('week') }} as week,
        {{ clean_text('category') }} as category,
        {{ parse_number('weekly_rank', 'integer') }} as weekly_rank,
        {{ clean_text('show_title') }} as show_title,
        {{ clean_text("nullif(season_title, 'N/A')") }} as season_title,
        {{ parse_number('cumulative_weeks_in_top_10', 'integer') }} as cumulative_weeks_in_top_10,
        _row_number
    from records

),

ranked as (

    select
        *,
        {{ normalize_title('show_title') }} as normalized_title,
        {{ top10_type('category') }} as type,
        row_number() over (partition by country_iso2, week, category, weekly_rank order by _row_number desc) as recency
    from typed

)

select
    country_iso2,
    week,
    category,
    weekly_rank,
    {{ generate_surrogate_key(['normalized_title', 'type']) }} as show_key,

    country_name,
    show_title,
    season_title,

    cumulative_weeks_in_top_10
from ranked
where recency = 1
