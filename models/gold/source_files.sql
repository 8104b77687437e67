-- After the judged records, so that a version that violates a fail rule leaves this table as it was too.
-- depends_on: {{ ref('reconciliation') }}

with

_files as (

    {{ raw_records(source('raw', '_files')) }}

),

source_files as (

    select
        _source as source,
        dataset,
        raw_table,
        status,
        reason,

        size_bytes,
        row_count as records,
        rescued_count as records_rescued,

        status = 'loaded'
        and {{ recency(['_source', 'status']) }} = 1 as is_current,

        cast(_committed_at as {{ dbt.type_timestamp() }}) as committed_at,

        _file_path,
        _file_version,
        _file_sha,
        _commit_sha,
        cast(_ingested_at as {{ dbt.type_timestamp() }}) as _ingested_at
    from _files

)

select * from source_files
