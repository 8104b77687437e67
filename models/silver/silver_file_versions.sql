{{ config(materialized='table') }}

with

versions as (
    {% for feed in feeds() %}
    select
        'silver_{{ feed }}' as model,
        versions_of_{{ feed }}.*
    from ({{ file_versions(feed) }}) as versions_of_{{ feed }}
    {{ "\n    union all\n" if not loop.last }}
    {%- endfor %}
)

select
    model,

    state,
    records,
    kept,
    repaired,
    duplicate as duplicates,
    quarantined,
    refused,

    is_current,
    replaced_at,

    _file_path,
    _file_version,
    _committed_at,
    _run_id,
    _judged_at
from versions
