with

silver_file_versions as (

    select * from {{ ref('silver_file_versions') }}

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

superseded as (
    {% for feed in feeds() %}
    {%- set versions = "(select * from silver_file_versions where model = 'silver_" ~ feed ~ "')" %}
    select
        'silver_{{ feed }}' as model,
        _file_path,
        _file_version,
        count(*) as superseded
    from ({{ current_records(feed, superseded=true, versions=versions) }}) as superseded_{{ feed }}
    group by _file_path, _file_version
    {{ "\n    union all\n" if not loop.last }}
    {%- endfor %}
),

reconciled as (

    select
        records_in.model,

        silver_file_versions.state,
        records_in.records_in,
        coalesce(silver_file_versions.kept, 0) as kept,
        coalesce(silver_file_versions.repaired, 0) as repaired,
        coalesce(silver_file_versions.duplicates, 0) as duplicates,
        coalesce(silver_file_versions.quarantined, 0) as quarantined,
        coalesce(silver_file_versions.refused, 0) as refused,
        cast(coalesce(superseded.superseded, 0) as bigint) as superseded,

        cast(records_in._committed_at as {{ dbt.type_timestamp() }}) as committed_at,

        records_in._file_path,
        records_in._file_version
    from records_in
    left join silver_file_versions
    on {{ same(['model', '_file_path', '_file_version'], 'records_in', 'silver_file_versions') }}
    left join superseded
    on {{ same(['model', '_file_path', '_file_version'], 'records_in', 'superseded') }}

)

select * from reconciled
