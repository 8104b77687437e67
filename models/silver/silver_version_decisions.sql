{{
    config(
        unique_key=['model', '_file_path', '_file_version'],
        not_matched_by_source_action='delete',
    )
}}

with

latest as (

    {{ latest_words(source('raw', '_files')) }}

),

feeds as (

    {{ raw_tables_of_feeds() }}

)

select
    feeds.model,

    latest.status as decision,
    latest.reason,
    latest.decided_by,

    latest._file_path,
    latest._file_version,
    cast(latest._ingested_at as {{ dbt.type_timestamp() }}) as _decided_at
from latest
inner join feeds on latest.raw_table = feeds.raw_table
where latest.status in ('held', 'released', 'rejected')
