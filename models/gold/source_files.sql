with

-- After the judged records, so that a version that violates a fail rule leaves this table as it was too.
silver_file_versions as (

    select * from {{ ref('silver_file_versions') }}

),

_files as (

    {{ raw_records(source('raw', '_files')) }}

),

source_files as (

    select
        _files._source as source,
        _files.dataset,
        _files.raw_table,

        coalesce(
            silver_file_versions.state,
            case _files.status when 'loaded' then 'accepted' else _files.status end
        ) as state,
        coalesce(silver_file_versions.reason, _files.reason) as reason,
        silver_file_versions.decided_by,

        _files.size_bytes,
        _files.row_count as records,
        _files.rescued_count as records_rescued,
        _files.compared_with,
        _files.keys_before,
        _files.keys_lost,
        _files.keys_common,
        _files.keys_changed,
        _files.keys_new,
        _files.keys_repeated,
        _files.columns_vanished,
        _files.columns_new,
        _files.columns_renamed,

        coalesce(silver_file_versions.is_current, false) as is_current,

        cast(_files._committed_at as {{ dbt.type_timestamp() }}) as committed_at,

        _files._file_path,
        _files._file_version,
        _files._file_sha,
        _files._commit_sha,
        cast(_files._ingested_at as {{ dbt.type_timestamp() }}) as _ingested_at
    from _files
    left join silver_file_versions
    on
        {{ model_of('_files.raw_table') }} = silver_file_versions.model
        and {{ same(['_file_path', '_file_version'], '_files', 'silver_file_versions') }}
    where _files.status in ('loaded', 'held', 'refused')  -- the others are decisions about these

)

select * from source_files
