{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
    )
}}

{#- The rules, each with the silver model whose records it is about; each model has key_is_unique (macro judged). #}
{%- set rules = [] %}
{%- for declared in declared_expectations() %}
{%- set about = declared.model | replace('bronze_', 'silver_') %}
{%- do rules.append({'model': declared.model, 'about': about, 'rule': declared.rule, 'action': declared.action}) %}
{%- endfor %}
{%- for model in rules | map(attribute='about') | unique | sort %}
{%- do rules.append({'model': model, 'about': model, 'rule': 'key_is_unique', 'action': 'drop'}) %}
{%- endfor %}

with

silver_file_versions as (

    select * from {{ ref('silver_file_versions') }}

),

violating_records as (

    {{ records_of_all_feeds("_rules is not null") }}

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
        sum(records) as all_records,
        sum(kept + duplicates + quarantined) as sound_records
    from silver_file_versions
    group by model, _run_id, _judged_at

),

violations as (

    select
        violating_records.model,
        rules.rule,
        violating_records._run_id,
        count(*) as failed
    from violating_records
    inner join rules
    on
        violating_records.model = rules.about
        and ',' || violating_records._rules || ',' like '%,' || rules.rule || ',%'
    group by violating_records.model, rules.rule, violating_records._run_id

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
