{{
    config(
        unique_key=['model', '_file_path', '_file_version'],
        not_matched_by_source_action='delete',
    )
}}

with

decisions as (

    select
        {{ model_of('raw_table') }} as model,

        status as decision,
        reason,
        decided_by,

        _file_path,
        _file_version,
        cast(_ingested_at as {{ dbt.type_timestamp() }}) as _decided_at
    from ({{ latest_statuses(source('raw', '_files')) }}) as latest
    where status in ('held', 'released', 'rejected', 'unconfigured')

)

select * from decisions
where model is not null
