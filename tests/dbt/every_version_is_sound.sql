-- Versions of files that are held, and newer than what silver shows; and current ones that violate a version rule of
-- action warn. The build goes on with the last accepted version of each file. Decide with python -m ingest release or
-- reject.
{{ config(severity='warn', group='data_quality') }}

with

silver_file_versions as (

    select * from {{ ref('silver_file_versions') }}

),

current_versions as (

    select
        model,
        _file_path,
        _file_version,
        _committed_at
    from silver_file_versions
    where is_current

)

select
    versions.model,
    versions._file_path,
    versions._file_version,
    versions.state,
    coalesce(versions.reason, 'violates ' || versions.warned_by) as reason,
    current_versions._file_version as shown_version
from silver_file_versions as versions
left join current_versions
    on {{ same(['model', '_file_path'], 'versions', 'current_versions') }}
where
    versions.is_current and versions.warned_by is not null
    or versions.state = 'held' and (
        current_versions._committed_at is null or versions._committed_at >= current_versions._committed_at
    )
