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
),

_files as (

    {{ raw_records(source('raw', '_files')) }}

),

sources as (

    select
        {{ model_of('raw_table') }} as model,
        _file_path,
        _file_version,
        min(_source) as _source
    from _files
    where _file_version is not null
    group by raw_table, _file_path, _file_version

)

select
    versions.model,

    versions.state,
    versions.reason,
    versions.decided_by,
    versions.warned_by,

    versions.records,
    versions.kept,
    versions.repaired,
    versions.duplicate as duplicates,
    versions.quarantined,
    versions.refused,

    versions.is_current,
    versions.replaced_at,

    sources._source,
    versions._file_path,
    versions._file_version,
    versions._committed_at,
    versions._run_id,
    versions._judged_at
from versions
left join sources
    on {{ same(['model', '_file_path', '_file_version'], 'versions', 'sources') }}
