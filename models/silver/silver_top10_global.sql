{{
    config(
        unique_key=['week', 'category', 'weekly_rank'],
        not_matched_by_source_action='delete',
    )
}}

{#- Columns that come and go at the source, each with the names that it has had in the file. #}
{%- set passing = {
    'episode_launch_details': ['episode_launch_details', 'episode_launch_dtls'],
    'weekly_views': ['weekly_views'],
    'runtime_hours': ['runtime'],
    'is_staggered_launch': ['is_staggered_launch'],
} %}

with

versions as (

    {{ file_versions('top10_global') }}

),

current_places as (

    {{ current_records('top10_global', versions='versions') }}

),

-- A version has a column where any of its records has it, be it empty.
columns_of_versions as (

    select
        {%- for column, names in passing.items() %}
        {%- for name in names %}
        {{ '+ ' if not loop.first }}count({{ name }})
        {%- endfor %}
        > 0 as has_{{ column }},
        {%- endfor %}
        _file_path,
        _file_version
    from {{ ref('bronze_top10_global') }}
    group by _file_path, _file_version

),

weeks_of_versions as (

    select distinct
        week,
        _file_path,
        _file_version
    from {{ ref('silver_top10_global_records') }}
    where _verdict = 'kept'

),

-- What each version has to say of a week: the newest one that has a column gives its values.
giving as (

    select
        weeks_of_versions.week,
        {%- for column in passing %}
        columns_of_versions.has_{{ column }} and row_number() over (
            partition by weeks_of_versions.week, weeks_of_versions._file_path, columns_of_versions.has_{{ column }}
            order by versions.recency
        ) = 1 as gives_{{ column }},
        {%- endfor %}
        row_number() over (
            partition by weeks_of_versions.week, weeks_of_versions._file_path order by versions.recency
        ) as recency,
        weeks_of_versions._file_path,
        weeks_of_versions._file_version
    from weeks_of_versions
    inner join versions
    on
        {{ same(['_file_path', '_file_version'], 'weeks_of_versions', 'versions') }}
        and versions.state = 'accepted'
    inner join columns_of_versions
    on {{ same(['_file_path', '_file_version'], 'weeks_of_versions', 'columns_of_versions') }}

),

-- No rows for a week none of whose columns was dropped.
earlier as (

    select *
    from giving
    where
        recency > 1
        and (
            {%- for column in passing %}
            {{ 'or ' if not loop.first }}gives_{{ column }}
            {%- endfor %}
        )

),

-- A value belongs to a show at a place: to use it where another show stands there now would be wrong.
values_before as (

    select
        records._file_path,
        records.week,
        records.category,
        records.weekly_rank,
        records.show_title,
        records.season_title,
        max(case when earlier.gives_weekly_views then records.weekly_hours_viewed end) as hours_of_views,
        {%- for column in passing %}
        max(case when earlier.gives_{{ column }} then records.{{ column }} end) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('silver_top10_global_records') }} as records
    inner join earlier
    on {{ same(['week', '_file_path', '_file_version'], 'records', 'earlier') }}
    where records._verdict = 'kept'
    group by
        records._file_path,
        records.week,
        records.category,
        records.weekly_rank,
        records.show_title,
        records.season_title

),

places as (

    select
        current_places.week,
        current_places.category,
        current_places.weekly_rank,
        current_places.show_title,
        current_places.season_title,
        current_places.weekly_hours_viewed,
        current_places.cumulative_weeks_in_top_10,
        current_places._untyped_values,
        coalesce(current_places.episode_launch_details, values_before.episode_launch_details) as episode_launch_details,
        coalesce(
            current_places.weekly_views,
            -- Views are hours divided by the length: those of other hours are not this row's.
            case
                when current_places.weekly_hours_viewed = values_before.hours_of_views then values_before.weekly_views
            end
        ) as weekly_views,
        coalesce(current_places.runtime_hours, values_before.runtime_hours) as runtime_hours,
        coalesce(current_places.is_staggered_launch, values_before.is_staggered_launch) as is_staggered_launch,
        {{ normalize_title('current_places.show_title') }} as normalized_title,
        {{ top10_type('current_places.category') }} as type
    from current_places
    left join values_before
    on
        {{ same(['_file_path', 'week', 'category', 'weekly_rank', 'show_title'], 'current_places', 'values_before') }}
        and coalesce(current_places.season_title, '') = coalesce(values_before.season_title, '')

)

select
    week,
    category,
    weekly_rank,
    {{ generate_surrogate_key(['normalized_title', 'type']) }} as show_key,

    show_title,
    season_title,
    episode_launch_details,

    weekly_hours_viewed,
    weekly_views,
    runtime_hours,
    cumulative_weeks_in_top_10,

    is_staggered_launch,

    _untyped_values
from places
