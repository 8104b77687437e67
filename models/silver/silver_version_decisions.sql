{{
    config(
        unique_key=['model', '_file_path', '_file_version'],
        not_matched_by_source_action='delete',
        on_schema_change='append_new_columns',
    )
}}

with

decisions as (

    select
        {{ model_of('raw_table') }} as model,

        case when status in ('held', 'released', 'rejected') then status end as decision,
        case when status in ('held', 'released', 'rejected') then reason end as reason,
        decided_by,
        unconfigured,

        _file_path,
        _file_version,
        cast(_ingested_at as {{ dbt.type_timestamp() }}) as _decided_at
    from ({{ latest_statuses(source('raw', '_files')) }}) as latest
    where status in ('held', 'released', 'rejected') or unconfigured is not null

)

select * from decisions
where model is not null
