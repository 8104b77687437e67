{{
    config(
        unique_key=['half_year', 'section', 'title', 'runtime_written'],
        not_matched_by_source_action='delete',
    )
}}

with

current_engagement as (

    {{ current_records('engagement') }}

),

-- Of columns that the current version of a report has no more.
known_before as (

    {{ values_before(
        'engagement',
        'current_engagement',
        ['release_date', 'hours_viewed', 'views', 'is_available_globally'],
        beside={'views': 'hours_viewed'},
    ) }}

)

select
    current_engagement.half_year,
    current_engagement.section,
    current_engagement.title,
    current_engagement.runtime_written,
    current_engagement.english_title,
    current_engagement.original_title,
    coalesce(current_engagement.release_date, known_before.release_date) as release_date,
    coalesce(current_engagement.hours_viewed, known_before.hours_viewed) as hours_viewed,
    coalesce(
        current_engagement.views,
        -- Views are hours divided by the length: those of other hours are not this row's.
        case
            when
                known_before.hours_viewed_of_views
                = coalesce(current_engagement.hours_viewed, known_before.hours_viewed)
                then known_before.views
        end
    ) as views,
    current_engagement.runtime_minutes,
    current_engagement.is_runtime_explained,
    coalesce(current_engagement.is_available_globally, known_before.is_available_globally) as is_available_globally,
    current_engagement._untyped_values
from current_engagement
left join known_before
    on
        {{ same(['_file_path', '_file_version', 'half_year', 'section'], 'current_engagement', 'known_before') }}
        and {{ same(['title', 'runtime_written'], 'current_engagement', 'known_before') }}
