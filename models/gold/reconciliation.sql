with

verdicts as (

    {{ all_verdicts() }}

),

records_in as (
    {% for feed in feeds() %}
    select
        'silver_{{ feed }}' as model,
        _file_path,
        _file_version,
        _committed_at,
        count(*) as records_in
    from {{ ref('bronze_' ~ feed) }}
    group by _file_path, _file_version, _committed_at
    {{ "\n    union all\n" if not loop.last }}
    {%- endfor %}
),

outcomes as (

    select
        model,
        _file_path,
        _file_version,
    {%- for verdict in ['kept', 'repaired', 'duplicate', 'quarantined', 'refused'] %}
    cast(coalesce(sum(case when verdict = '{{ verdict }}' then n_records end), 0) as bigint) as {{ verdict }}
    {{- ',' if not loop.last }}
    {%- endfor %}
    from verdicts
    group by model, _file_path, _file_version

),

reconciled as (

    select
        records_in.model,

        records_in.records_in,
        coalesce(outcomes.kept, 0) as kept,
        coalesce(outcomes.repaired, 0) as repaired,
        coalesce(outcomes.duplicate, 0) as duplicates,
        coalesce(outcomes.quarantined, 0) as quarantined,
        coalesce(outcomes.refused, 0) as refused,

        cast(records_in._committed_at as {{ dbt.type_timestamp() }}) as committed_at,

        records_in._file_path,
        records_in._file_version
    from records_in
    left join outcomes
    on
        records_in.model = outcomes.model
        and records_in._file_path = outcomes._file_path
        and records_in._file_version = outcomes._file_version

)

select * from reconciled
