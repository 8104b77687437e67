{#
  What became of every record of the feeds: the body of a model silver_<source>_verdicts (models/README.md says how to
  add a feed).

  feeds: a list of dictionaries, one per feed:
    model     the silver model; its YAML declares the rules of action warn and drop
    records   the bronze model (bronze_x for silver_x), as ref(...); its YAML declares the rules of action fail
    typed     a macro that gives the records their types; it takes the name of a relation with bronze's columns and
              returns a query with the typed columns and _file_path, _file_version, _committed_at and _row_number
    key       the columns by which the silver model has one row
    content   the other columns by which two records with the same key are equal (default: none)
    continues a condition for a record that was put together into another one (default: false)

  Versions that are already judged are left out, so that the model can append. A verdict depends on nothing but the
  records of its own version: the order in which versions are loaded does not matter.

  - refused: a record of a version in which a record violates a fail rule. All records of the version are.
  - repaired: it was put together into another record.
  - quarantined: it violates a drop rule; or, by the rule `key_is_unique`, a later record of the version has the same
    key and other content.
  - duplicate: an earlier record of the version is equal to it.
  - kept: it stands in silver.

  One row per record that is not plainly kept, and one per version (and per combination of such) for all that are:
  those have no _row_number and no record.
#}
{% macro verdicts(feeds) -%}
  {%- set version = ["_file_path", "_file_version"] %}
with
{% for feed in feeds %}
{%- set name = feed.model %}
{%- set key = feed.key %}
{%- set content = feed.content or [] %}
{%- set fail_rules = expectations(name | replace("silver_", "bronze_"), ["fail"]) %}

{%- set records %}
    select records.*
    from {{ feed.records }} as records
    {%- if is_incremental() %}
    inner join (
        select _file_path, _file_version from {{ feed.records }}
        except
        select _file_path, _file_version from {{ this }} where model = '{{ name }}'
    ) as new_versions
        on {{ same(version, "records", "new_versions") }}
    {%- endif %}
{%- endset %}
{%- if fail_rules %}

{{ name }}_refusals as (

    select
        _file_path,
        _file_version,
        _row_number,
        {{ violated(fail_rules) }} as rules
    from ({{ records }}) as records
    where {{ violated(fail_rules) }} is not null

),

{{ name }}_refused_versions as (

    select distinct
        _file_path,
        _file_version
    from {{ name }}_refusals

),

{{ name }}_sound as (

    select records.*
    from ({{ records }}) as records
    left join {{ name }}_refused_versions as refused_versions
        on {{ same(version, "records", "refused_versions") }}
    where refused_versions._file_version is null

),
{%- endif %}

{{ name }}_typed as (

    {{ feed.typed(name ~ "_sound" if fail_rules else "(" ~ records ~ ")") }}

),

{{ name }}_checked as (

    select
        _file_path,
        _file_version,
        _committed_at,
        _row_number,
        {{ (key + content) | join(", ") }},
        {{ feed.continues or "false" }} as continues,
        {{ violated(expectations(name, ["drop"])) }} as dropped_by,
        {{ violated(expectations(name, ["warn"])) }} as warned_by
    from {{ name }}_typed

),

{{ name }}_shared_keys as (

    select {{ (version + key) | join(", ") }}
    from {{ name }}_checked
    where dropped_by is null and not continues
    group by {{ (version + key) | join(", ") }}
    having count(*) > 1

),

{{ name }}_sharing as (

    select
        checked._file_path,
        checked._file_version,
        checked._row_number,
        max(checked._row_number) over (partition by {{ prefixed(version + key, "checked") }}) as last_of_key,
        max(checked._row_number) over (partition by {{ prefixed(version + key + content, "checked") }}) as last_of_equals,
        min(checked._row_number) over (partition by {{ prefixed(version + key + content, "checked") }}) as first_of_equals
    from {{ name }}_checked as checked
    inner join {{ name }}_shared_keys as shared_keys
        on {{ same(version + key, "checked", "shared_keys") }}
    where checked.dropped_by is null and not checked.continues

),

{{ name }}_judged as (

    select
        checked._file_path,
        checked._file_version,
        checked._committed_at,
        checked._row_number,
        case
            when checked.continues then 'repaired'
            when checked.dropped_by is not null or sharing.last_of_equals < sharing.last_of_key then 'quarantined'
            when sharing.first_of_equals < checked._row_number then 'duplicate'
            else 'kept'
        end as verdict,
        case
            when checked.continues then null
            when checked.dropped_by is not null or checked.warned_by is not null or sharing.last_of_equals < sharing.last_of_key
                then concat_ws(
                    ',',
                    checked.dropped_by,
                    case when sharing.last_of_equals < sharing.last_of_key then 'key_is_unique' end,
                    checked.warned_by
                )
        end as rules
    from {{ name }}_checked as checked
    left join {{ name }}_sharing as sharing
        on {{ same(version + ["_row_number"], "checked", "sharing") }}
    {%- if fail_rules %}

    union all

    select
        records._file_path,
        records._file_version,
        records._committed_at,
        records._row_number,
        'refused' as verdict,
        refusals.rules
    from ({{ records }}) as records
    inner join {{ name }}_refused_versions as refused_versions
        on {{ same(version, "records", "refused_versions") }}
    left join {{ name }}_refusals as refusals
        on {{ same(version + ["_row_number"], "records", "refusals") }}
    {%- endif %}

),

{{ name }}_counted as (

    select
        _file_path,
        _file_version,
        _committed_at,
        case when verdict in ('kept', 'refused') and rules is null then null else _row_number end as _row_number,
        verdict,
        rules,
        count(*) as n_records
    from {{ name }}_judged
    group by
        _file_path,
        _file_version,
        _committed_at,
        case when verdict in ('kept', 'refused') and rules is null then null else _row_number end,
        verdict,
        rules

),
{% endfor %}

verdicts as (
{% for feed in feeds %}
    select
        '{{ feed.model }}' as model,
        *,
        cast(null as {{ dbt.type_string() }}) as record
    from {{ feed.model }}_counted
    where _row_number is null

    union all

    select
        '{{ feed.model }}' as model,
        counted.*,
        {{ record_as_json("records") }} as record
    from {{ feed.model }}_counted as counted
    inner join {{ feed.records }} as records
        on {{ same(version + ["_row_number"], "counted", "records") }}
    {{ "union all" if not loop.last }}
{% endfor %}
)

select
    model,

    verdict,
    rules,
    record,

    n_records,

    _file_path,
    _file_version,
    _committed_at,
    _row_number,
    '{{ invocation_id }}' as _run_id,
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as {{ dbt.type_timestamp() }}) as _judged_at
from verdicts
{%- endmacro %}


{# All verdicts, of all sources: the import CTE of the models about data quality. #}
{% macro all_verdicts() -%}
  {%- for verdicts in [ref("silver_catalogue_verdicts"), ref("silver_top10_verdicts")] %}
    select * from {{ verdicts }}
    {{- "\n\n    union all\n" if not loop.last }}
  {%- endfor %}
{%- endmacro %}


{#
  The records of the current version of a feed's file that were kept, typed: what a silver model starts from. The
  current version is the one that the source committed last (of two with the same time, the one with the higher
  number) of those that are not refused.

  feed: a dictionary as in `verdicts`. verdicts: the verdict model, as ref(...).

  Returns a query with the typed columns.

  Example: see models/silver/silver_cast.sql
#}
{% macro kept_records(feed, verdicts) -%}
  {{ records_of(feed, verdicts, current_version(feed, verdicts)) }}
{%- endmacro %}


{# The same for the versions (_file_path, _file_version) that a query returns. #}
{% macro records_of(feed, verdicts, versions) -%}
  {%- set version = ["_file_path", "_file_version"] -%}
  with

    wanted as (

        select records.*
        from {{ feed.records }} as records
        inner join ({{ versions }}) as versions
            on {{ same(version, "records", "versions") }}

    ),

    typed as (

        {{ feed.typed("wanted") }}

    )

    -- Not as a condition "not exists", for which DuckDB would group all records first
    select typed.*
    from typed
    left join (
        select _file_path, _file_version, _row_number
        from {{ verdicts }}
        where model = '{{ feed.model }}' and verdict <> 'kept'
    ) as left_out
        on {{ same(version + ["_row_number"], "typed", "left_out") }}
    where left_out._row_number is null
{%- endmacro %}


{# The current version of a feed's file, as a query with _file_path and _file_version. #}
{% macro current_version(feed, verdicts) -%}
  select _file_path, _file_version
        from (
            select
                _file_path,
                _file_version,
                row_number() over (order by _committed_at desc, _file_version desc, _file_path) as recency
            from {{ verdicts }}
            where model = '{{ feed.model }}' and verdict <> 'refused'
        ) as judged
        where recency = 1
{%- endmacro %}


{# The condition that two relations agree in the columns. #}
{% macro same(columns, left, right) -%}
  {%- for column in columns %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ " and " if not loop.last }}{% endfor -%}
{%- endmacro %}


{# The columns with the name of their relation before them, joined by commas. #}
{% macro prefixed(columns, relation) -%}
  {%- for column in columns %}{{ relation }}.{{ column }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}
