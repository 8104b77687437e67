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
        {{ version_columns() | join(', ') }},
        _committed_at,
        {{ recency(['model', '_committed_at']) }} as recency
    from verdicts
    where verdict <> 'refused'
    group by model, {{ version_columns() | join(', ') }}, _committed_at

),

-- The states of each file; of two versions with the same time the earlier one never was a state.
states as (

    select
        model,
        {{ version_columns() | join(', ') }},
        _committed_at,
        row_number() over (partition by model, {{ file_columns() | join(', ') }} order by _committed_at) as state,
        {{ recency(['model']) }} as age
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
        {{ prefixed(version_columns(), 'states') }},
        verdicts._row_number
    from verdicts
    inner join states on {{ same(['model'] + version_columns(), 'verdicts', 'states') }}
    where verdicts.verdict = 'quarantined'

),

presences as (

    select
        model,
        record,
        state,
        {{ file_columns() | join(', ') }},
        _committed_at,
        state
        - row_number() over (partition by model, record, {{ file_columns() | join(', ') }} order by state) as stay
    from quarantined
    group by model, record, state, {{ file_columns() | join(', ') }}, _committed_at

),

stays as (

    select
        model,
        record,
        {{ file_columns() | join(', ') }},
        max(state) as last_state,
        min(_committed_at) as since
    from presences
    group by model, record, {{ file_columns() | join(', ') }}, stay

),

current_quarantine as (

    select
        quarantined.model,
        quarantined.rules,
        quarantined.record,

        cast(stays.since as {{ dbt.type_timestamp() }}) as since,

        {{ prefixed(version_columns(), 'quarantined') }},
        quarantined._row_number
    from quarantined
    inner join stays
    on
        {{ same(['model', 'record'] + file_columns(), 'quarantined', 'stays') }}
        and quarantined.state = stays.last_state
    where quarantined.age = 1

)

select * from current_quarantine
