with

verdicts as (

    {{ all_verdicts() }}

),

records_in as (
    {% for feed in feeds() %}
    select
        'silver_{{ feed }}' as model,
        {{ version_columns() | join(', ') }},
        _committed_at,
        count(*) as records_in
    from {{ ref('bronze_' ~ feed) }}
    group by {{ version_columns() | join(', ') }}, _committed_at
    {{ "\n    union all\n" if not loop.last }}
    {%- endfor %}
),

outcomes as (

    select
        model,
        {{ version_columns() | join(', ') }},
    {%- for verdict in ['kept', 'repaired', 'duplicate', 'quarantined', 'refused'] %}
    cast(coalesce(sum(case when verdict = '{{ verdict }}' then n_records end), 0) as bigint) as {{ verdict }}
    {{- ',' if not loop.last }}
    {%- endfor %}
    from verdicts
    group by model, {{ version_columns() | join(', ') }}

),

superseded as (
    {% for feed in feeds() %}
    select
        'silver_{{ feed }}' as model,
        {{ version_columns() | join(', ') }},
        count(*) as superseded
    from ({{ superseded_records(feed_named(feed), ref('silver_' ~ feed ~ '_verdicts')) }}) as superseded_{{ feed }}
    group by {{ version_columns() | join(', ') }}
    {{ "\n    union all\n" if not loop.last }}
    {%- endfor %}
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
        cast(coalesce(superseded.superseded, 0) as bigint) as superseded,

        cast(records_in._committed_at as {{ dbt.type_timestamp() }}) as committed_at,

        {{ prefixed(version_columns(), 'records_in') }}
    from records_in
    left join outcomes
    on {{ same(['model'] + version_columns(), 'records_in', 'outcomes') }}
    left join superseded
    on {{ same(['model'] + version_columns(), 'records_in', 'superseded') }}

)

select * from reconciled
