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

silver_file_versions as (

    select * from {{ ref('silver_file_versions') }}

),

quarantined_records as (

    {{ records_of_all_feeds("_verdict = 'quarantined'") }}

),

-- The states of each file; of two versions with the same time the earlier one never was a state.
states as (

    select
        model,
        is_current,
        _file_path,
        _file_version,
        _committed_at,
        row_number() over (partition by model, _file_path order by _committed_at) as state
    from silver_file_versions
    where state = 'accepted' and (replaced_at is null or replaced_at > _committed_at)

),

quarantined as (

    select
        quarantined_records.model,
        quarantined_records._rules as rules,
        quarantined_records._record as record,
        states.state,
        states.is_current,
        states._committed_at,
        states._file_path,
        states._file_version,
        quarantined_records._row_number
    from quarantined_records
    inner join states on {{ same(['model', '_file_path', '_file_version'], 'quarantined_records', 'states') }}

),

presences as (

    select
        model,
        record,
        state,
        _file_path,
        _committed_at,
        state
        - row_number() over (partition by model, record, _file_path order by state) as stay
    from quarantined
    group by model, record, state, _file_path, _committed_at

),

stays as (

    select
        model,
        record,
        _file_path,
        max(state) as last_state,
        min(_committed_at) as since
    from presences
    group by model, record, _file_path, stay

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
        {{ same(['model', 'record', '_file_path'], 'quarantined', 'stays') }}
        and quarantined.state = stays.last_state
    where quarantined.is_current

)

select * from current_quarantine
