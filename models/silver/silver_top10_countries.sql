{{
    config(
        unique_key=['country_iso2', 'week', 'category', 'weekly_rank'],
        not_matched_by_source_action='delete',
    )
}}

with

weeks as (

    {{ versions_of_weeks(top10_feed('countries'), ref('silver_top10_countries_verdicts')) }}

),

kept_places as (

    {{
        records_of(
            top10_feed('countries'), ref('silver_top10_countries_verdicts'), 'select distinct _file_path, _file_version from weeks'
        )
    }}

),

places as (

    select
        kept_places.*,
        {{ normalize_title('kept_places.show_title') }} as normalized_title,
        {{ top10_type('kept_places.category') }} as type
    from kept_places
    inner join weeks on {{ same(['week', '_file_path', '_file_version'], 'kept_places', 'weeks') }}

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

    cumulative_weeks_in_top_10,

    _untyped_values
from places
