{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key=['model', '_file_path', '_row_number'],
        not_matched_by_source_action='delete',
        on_schema_change='append_new_columns',
    )
}}

with

verdicts as (

    {{ all_verdicts() }}

),

judged_versions as (

    select
        model,
        _file_path,
        _file_version,
        _committed_at,
        row_number() over (
            partition by model, _committed_at order by _file_version desc, _file_path asc
        ) as recency
    from verdicts
    where verdict <> 'refused'
    group by model, _file_path, _file_version, _committed_at

),

states as (

    select
        model,
        _file_path,
        _file_version,
        _committed_at,
        row_number() over (partition by model order by _committed_at) as state,
        row_number() over (partition by model order by _committed_at desc) as age
    from judged_versions
    where recency = 1

),

quarantined as (

    select
        verdicts.model,
        verdicts.rules,
        verdicts.record,
        states.state,
        states.age,
        states._committed_at,
        states._file_path,
        states._file_version,
        verdicts._row_number
    from verdicts
    inner join states
    on
        verdicts.model = states.model
        and verdicts._file_path = states._file_path
        and verdicts._file_version = states._file_version
    where verdicts.verdict = 'quarantined'

),

presences as (

    select
        model,
        record,
        state,
        _committed_at,
        state - row_number() over (partition by model, record order by state) as stay
    from quarantined
    group by model, record, state, _committed_at

),

stays as (

    select
        model,
        record,
        max(state) as last_state,
        min(_committed_at) as since
    from presences
    group by model, record, stay

),

current_quarantine as (

    select
        quarantined.model,
        quarantined.rules,
        quarantined.record,

        cast(stays.since as {{ dbt.type_timestamp() }}) as since,

        quarantined._file_path,
        quarantined._file_version,
        quarantined._row_number
    from quarantined
    inner join stays
    on
        quarantined.model = stays.model
        and quarantined.record = stays.record
        and quarantined.state = stays.last_state
    where quarantined.age = 1

)

select * from current_quarantine
