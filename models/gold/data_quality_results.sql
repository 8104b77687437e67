{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
    )
}}

{#- The rules, each with the silver model whose records it is about; each model has key_is_unique (macro verdicts). #}
{%- set rules = [] %}
{%- for declared in declared_expectations() %}
{%- set about = declared.model | replace('bronze_', 'silver_') %}
{%- do rules.append({'model': declared.model, 'about': about, 'rule': declared.rule, 'action': declared.action}) %}
{%- endfor %}
{%- for model in rules | map(attribute='about') | unique | sort %}
{%- do rules.append({'model': model, 'about': model, 'rule': 'key_is_unique', 'action': 'drop'}) %}
{%- endfor %}

with

verdicts as (

    {{ all_verdicts() }}

),

rules as (

    select
        '' as model,
        '' as about,
        '' as rule,
        '' as action
    where 1 = 0
    {%- for rule in rules %}

    union all

    select
        '{{ rule.model }}',
        '{{ rule.about }}',
        '{{ rule.rule }}',
        '{{ rule.action }}'
    {%- endfor %}

),

-- A rule of action fail judges every record, the others what is left after the refusal and the repair.
judged as (

    select
        model,
        _run_id,
        _judged_at,
        sum(n_records) as all_records,
        sum(case when verdict in ('kept', 'duplicate', 'quarantined') then n_records else 0 end) as sound_records
    from verdicts
    group by model, _run_id, _judged_at

),

violations as (

    select
        verdicts.model,
        rules.rule,
        verdicts._run_id,
        sum(verdicts.n_records) as failed
    from verdicts
    inner join rules
    on
        verdicts.model = rules.about
        and ',' || verdicts.rules || ',' like '%,' || rules.rule || ',%'
    where verdicts.rules is not null
    group by verdicts.model, rules.rule, verdicts._run_id

),

results as (

    select
        judged._run_id as run_id,
        rules.model,
        rules.rule,
        rules.action,

        cast(
            case rules.action when 'fail' then judged.all_records else judged.sound_records end
            - coalesce(violations.failed, 0) as bigint
        ) as passed,
        cast(coalesce(violations.failed, 0) as bigint) as failed,

        cast(judged._judged_at as {{ dbt.type_timestamp() }}) as _run_started_at
    from judged
    inner join rules on judged.model = rules.about
    left join violations
    on
        judged.model = violations.model
        and judged._run_id = violations._run_id
        and rules.rule = violations.rule

)

select * from results
{%- if is_incremental() %}
where run_id not in (select run_id from {{ this }})
{%- endif %}
