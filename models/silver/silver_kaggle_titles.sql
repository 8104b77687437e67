{{
    config(
        unique_key='show_id',
        not_matched_by_source_action='delete',
    )
}}

{%- set fields = [
    'type', 'title', 'description', 'rating', 'duration_minutes', 'duration_seasons', 'release_year', 'date_added',
    'director_names', 'cast_names', 'country_names', 'genre_names',
] %}

with

versions as (

    {{ file_versions('kaggle_titles') }}

),

current_titles as (

    {{ current_records('kaggle_titles', versions='versions') }}

),

-- Of columns that the current version has no more.
known_before as (

    {{ values_before('kaggle_titles', 'versions', 'current_titles', fields) }}

)

select
    current_titles.show_id,

    {%- for field in fields %}
    coalesce(current_titles.{{ field }}, known_before.{{ field }}) as {{ field }},
    {%- endfor %}

    current_titles.is_length_moved,

    current_titles._untyped_values
from current_titles
left join known_before
    on {{ same(['_file_path', '_file_version', 'show_id'], 'current_titles', 'known_before') }}
