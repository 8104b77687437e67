{#
  The last CTEs of a model silver_<feed>_records: `judged` has the typed records with what became of each.

  feed: its name; the YAML of silver_<feed> declares the rules of action warn and drop, that of bronze_<feed> those of
  action fail. typed: the CTE with the feed's columns and _file_path, _file_version, _committed_at, _row_number.
  content: the columns beside the key (`key_of`) by which two records of one key are equal. continues: a condition for
  a record that was put together into another one.

  _verdict
    refused      a record of its version violates a fail rule
    repaired     it was put together into another record
    quarantined  it violates a drop rule; or, by the rule `key_is_unique`, a later record of the version has the same
                 key and other content
    duplicate    an earlier record of the version is equal to it
    kept         it stands in silver while its version is current
  _rules         the rules that it violates, joined by commas; of a refused record those of action fail
  _record        of a quarantined record, the fields of the file as JSON

  What becomes of a record depends on the records of its own version alone: the order of loads does not matter.

  Example: see models/silver/records/silver_cast_records.sql
#}
{% macro judged(feed, typed, content=[], continues="false") -%}
{%- if var("linting", false) -%}
{#- sqlfluff judges no line of a macro, but would read the thousands that this one writes -#}
judged as (

    select * from {{ typed }}

)
{%- else -%}
{%- set key = key_of(feed) %}
{%- set key_of_version = ["_file_path", "_file_version"] + key %}
{%- set new_bronze = new_records(ref("bronze_" ~ feed)) %}
{%- set fail_rules = expectations("bronze_" ~ feed, ["fail"]) -%}
checked as (

    select
        {{ (key + content) | join(", ") }},
        {{ continues }} as continues,
        {{ violated(expectations("silver_" ~ feed, ["drop"])) }} as dropped_by,
        {{ violated(expectations("silver_" ~ feed, ["warn"])) }} as warned_by,
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from {{ typed }}

),

refusals as (

    select
        _file_path,
        _file_version,
        _row_number,
        {{ violated(fail_rules) }} as refused_by
    from ({{ new_bronze }}) as new_records
    where {{ violated(fail_rules) }} is not null

),

refused_versions as (

    select distinct
        _file_path,
        _file_version
    from refusals

),

shared_keys as (

    select {{ key_of_version | join(", ") }}
    from checked
    where dropped_by is null and not continues
    group by {{ key_of_version | join(", ") }}
    having count(*) > 1

),

sharing as (

    select
        checked._file_path,
        checked._file_version,
        checked._row_number,
        max(checked._row_number) over (partition by {{ prefixed(key_of_version, "checked") }}) as last_of_key,
        max(checked._row_number) over (partition by {{ prefixed(key_of_version + content, "checked") }}) as last_of_equals,
        min(checked._row_number) over (partition by {{ prefixed(key_of_version + content, "checked") }}) as first_of_equals
    from checked
    inner join shared_keys
        on {{ same(key_of_version, "checked", "shared_keys") }}
    where checked.dropped_by is null and not checked.continues

),

quarantined as (

    select
        quarantined.*,
        {{ record_as_json("_bronze_record") }} as record
    from (
        select
            _file_path,
            _file_version,
            _row_number
        from checked
        where dropped_by is not null and not continues
        union all
        select
            _file_path,
            _file_version,
            _row_number
        from sharing
        where last_of_equals < last_of_key
    ) as quarantined
    inner join {{ ref("bronze_" ~ feed) }} as _bronze_record
        on {{ same(["_file_path", "_file_version", "_row_number"], "quarantined", "_bronze_record") }}

),

contents as (

    select
        _file_path,
        _file_version,
        min(_file_sha) as _file_sha
    from ({{ new_bronze }}) as new_records
    group by _file_path, _file_version

),

judged as (

    select {{ broadcast("refused_versions, contents") }}
        {{ prefixed(key + content, "checked") }},
        case
            when refused_versions._file_version is not null then 'refused'
            when checked.continues then 'repaired'
            when quarantined._row_number is not null then 'quarantined'
            when sharing.first_of_equals < checked._row_number then 'duplicate'
            else 'kept'
        end as _verdict,
        case
            when refused_versions._file_version is not null then refusals.refused_by
            when not checked.continues
                then nullif(concat_ws(
                    ',',
                    checked.dropped_by,
                    case when sharing.last_of_equals < sharing.last_of_key then 'key_is_unique' end,
                    checked.warned_by
                ), '')
        end as _rules,
        case when refused_versions._file_version is null then quarantined.record end as _record,
        checked._file_path,
        contents._file_sha,
        checked._file_version,
        checked._committed_at,
        checked._row_number,
        {{ dbt_duckdb_delta.of_run("'" ~ invocation_id ~ "'") }} as _run_id,
        cast({{ dbt_duckdb_delta.of_run("'" ~ run_started_at.strftime("%Y-%m-%d %H:%M:%S") ~ "'") }} as {{ dbt.type_timestamp() }}) as _judged_at
    from checked
    left join contents
        on {{ same(["_file_path", "_file_version"], "checked", "contents") }}
    left join refused_versions
        on {{ same(["_file_path", "_file_version"], "checked", "refused_versions") }}
    left join refusals
        on {{ same(["_file_path", "_file_version", "_row_number"], "checked", "refusals") }}
    left join sharing
        on {{ same(["_file_path", "_file_version", "_row_number"], "checked", "sharing") }}
    left join quarantined
        on {{ same(["_file_path", "_file_version", "_row_number"], "checked", "quarantined") }}

)
{%- endif -%}
{%- endmacro %}


{#
  Values that could not be read, as `field: text` joined by semicolons; null where all could. A word for nothing is no value.

  fields: a dictionary of the typed column and the field of the file; the field's text is in <column>_text.

  Example: {{ untyped_values({"popularity_rank": "rank"}) }} as _untyped_values
#}
{% macro untyped_values(fields) -%}
  nullif(concat_ws(
            '; '
            {%- for column, field in fields.items() %},
            case
                when {{ column }} is null and not {{ is_nothing(column ~ "_text", "values") }}
                    then '{{ field }}: ' || {{ column }}_text
            end
            {%- endfor %}
        ), '')
{%- endmacro %}


{# The condition that two relations agree in the columns. #}
{% macro same(columns, left, right) -%}
  {%- for column in columns %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ " and " if not loop.last }}{% endfor -%}
{%- endmacro %}


{# The columns with the name of their relation before them, joined by commas. #}
{% macro prefixed(columns, relation) -%}
  {%- for column in columns %}{{ relation }}.{{ column }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}
