{#
  What became of every record of a feed: the body of a model silver_<feed>_verdicts (models/README.md says how to add a
  feed).

  feed: a dictionary with
    model     the silver model; its YAML declares the rules of action warn and drop
    records   the bronze model (bronze_x for silver_x), as ref(...); its YAML declares the rules of action fail
    typed     a macro that gives the records their types; it takes the name of a relation with bronze's columns and
              returns a query with the typed columns and _file_path, _file_version, _committed_at and _row_number
    key       the columns by which the silver model has one row
    content   the other columns by which two records with the same key are equal (default: none)
    continues a condition for a record that was put together into another one (default: false)
    weekly    true for a feed that keeps the weeks that a later version of its file lacks (default: false)

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
{% macro verdicts(feed) -%}
  {%- set version = version_columns() %}
  {%- set key = feed.key %}
  {%- set content = feed.content or [] %}
  {%- set fail_rules = expectations(feed.model | replace("silver_", "bronze_"), ["fail"]) %}
  {%- set records = new_records(feed.records) %}
with
{%- if fail_rules %}

refusals as (

    select
        {{ version | join(", ") }},
        _row_number,
        {{ violated(fail_rules) }} as rules
    from ({{ records }}) as records
    where {{ violated(fail_rules) }} is not null

),

refused_versions as (

    select distinct {{ version | join(", ") }}
    from refusals

),

sound as (

    select {{ broadcast("refused_versions") }} records.*
    from ({{ records }}) as records
    left join refused_versions
        on {{ same(version, "records", "refused_versions") }}
    where refused_versions._file_version is null

),
{%- endif %}

typed as (

    {{ feed.typed("sound" if fail_rules else "(" ~ records ~ ")") }}

),

checked as (

    select
        {{ version | join(", ") }},
        _committed_at,
        _row_number,
        {{ (key + content) | join(", ") }},
        {{ feed.continues or "false" }} as continues,
        {{ violated(expectations(feed.model, ["drop"])) }} as dropped_by,
        {{ violated(expectations(feed.model, ["warn"])) }} as warned_by
    from typed

),

shared_keys as (

    select {{ (version + key) | join(", ") }}
    from checked
    where dropped_by is null and not continues
    group by {{ (version + key) | join(", ") }}
    having count(*) > 1

),

sharing as (

    select
        {{ prefixed(version, "checked") }},
        checked._row_number,
        max(checked._row_number) over (partition by {{ prefixed(version + key, "checked") }}) as last_of_key,
        max(checked._row_number) over (partition by {{ prefixed(version + key + content, "checked") }}) as last_of_equals,
        min(checked._row_number) over (partition by {{ prefixed(version + key + content, "checked") }}) as first_of_equals
    from checked
    inner join shared_keys
        on {{ same(version + key, "checked", "shared_keys") }}
    where checked.dropped_by is null and not checked.continues

),

judged as (

    select
        {{ prefixed(version, "checked") }},
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
    from checked
    left join sharing
        on {{ same(version + ["_row_number"], "checked", "sharing") }}
    {%- if fail_rules %}

    union all

    select {{ broadcast("refused_versions") }}
        {{ prefixed(version, "records") }},
        records._committed_at,
        records._row_number,
        'refused' as verdict,
        refusals.rules
    from ({{ records }}) as records
    inner join refused_versions
        on {{ same(version, "records", "refused_versions") }}
    left join refusals
        on {{ same(version + ["_row_number"], "records", "refusals") }}
    {%- endif %}

),

counted as (

    select
        {{ version | join(", ") }},
        _committed_at,
        case when verdict in ('kept', 'refused') and rules is null then null else _row_number end as _row_number,
        verdict,
        rules,
        count(*) as n_records
    from judged
    group by
        {{ version | join(", ") }},
        _committed_at,
        case when verdict in ('kept', 'refused') and rules is null then null else _row_number end,
        verdict,
        rules

),

verdicts as (

    select
        *,
        cast(null as {{ dbt.type_string() }}) as record
    from counted
    where _row_number is null

    union all

    select
        counted.*,
        {{ record_as_json("records") }} as record
    from counted
    inner join {{ feed.records }} as records
        on {{ same(version + ["_row_number"], "counted", "records") }}

)

select
    '{{ feed.model }}' as model,

    verdict,
    rules,
    record,

    n_records,

    {{ version | join(", ") }},
    _committed_at,
    _row_number,
    '{{ invocation_id }}' as _run_id,
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as {{ dbt.type_timestamp() }}) as _judged_at
from verdicts
{%- endmacro %}


{#
  The feeds of a source, or of all, by the names that their models have in each layer (bronze_<feed>, silver_<feed>,
  silver_<feed>_verdicts).
#}
{% macro feeds(source=none) %}
  {% set catalogue = ["titles", "cast", "categories", "countries", "directors"] %}
  {% set top10 = ["top10_global", "top10_countries", "top10_most_popular"] %}
  {{ return({"catalogue": catalogue, "top10": top10}[source] if source else catalogue + top10) }}
{% endmacro %}


{#
  A feed by its name, as `verdicts` and `kept_records` want it.

  To a generic test dbt gives only the macros that are called by name. Those that a feed holds are not, and so stand here
  once more, where they are never called.
#}
{% macro feed_named(name) %}
  {% if false %}
    {% do [typed_titles(), typed_cast(), typed_categories(), typed_countries(), typed_directors()] %}
    {% do [typed_top10_global(), typed_top10_countries(), typed_top10_most_popular()] %}
    {% do [parse_iso_date(), parse_integer(), parse_bigint(), parse_hours(), parse_truth()] %}
  {% endif %}
  {{ return(catalogue_feed(name) if name in feeds("catalogue") else top10_feed(name | replace("top10_", ""))) }}
{% endmacro %}


{# A comment by which dbt builds a model after the bronze models of the feeds. #}
{% macro after_all_records_of(feeds) -%}
-- depends_on: {% for feed in feeds %}{{ ref("bronze_" ~ feed) }} {% endfor %}
{%- endmacro %}


{# All verdicts, of all feeds: the import CTE of the models about data quality. #}
{% macro all_verdicts() -%}
  {%- for feed in feeds() %}
    select * from {{ ref("silver_" ~ feed ~ "_verdicts") }}
    {{- "\n\n    union all\n" if not loop.last }}
  {%- endfor %}
{%- endmacro %}


{#
  The records that stand in silver, typed: what a silver model starts from.

  Of each file of the feed they are those that its current version keeps; of a weekly feed, those of each week's latest
  version. Where two files have a record with the same key, the one of the version that was committed later stands, and
  of two with the same time the one whose path sorts first.

  feed: a dictionary as in `verdicts`. verdicts: the verdict model, as ref(...).

  Returns a query with the typed columns.

  Example: see models/silver/silver_cast.sql
#}
{% macro kept_records(feed, verdicts) -%}
  {%- set place = version_columns() + ["_row_number"] -%}
  with

    held as (

        {{ held_records(feed, verdicts) }}

    ),

    superseded as (

        {{ superseded_records(feed, verdicts) }}

    )

    select held.*
    from held
    left join superseded
        on {{ same(place, "held", "superseded") }}
    where superseded._row_number is null
{%- endmacro %}


{#
  The records that do not stand in silver, though their file's version keeps them: another file has their key. A query
  with the version's columns and _row_number. With one file it is empty, and then reads no records.
#}
{% macro superseded_records(feed, verdicts) -%}
  {%- set place = version_columns() + ["_row_number"] -%}
  select {{ place | join(", ") }}
        from (
            select
                {{ place | join(", ") }},
                row_number() over (
                    partition by {{ feed.key | join(", ") }}
                    order by _committed_at desc, {{ file_columns() | join(", ") }}
                ) as standing
            from ({{ held_records(feed, verdicts, where_files_meet=true) }}) as rivals
        ) as ranked
        where standing > 1
{%- endmacro %}


{# What each file of the feed has to offer, typed; with where_files_meet, nothing unless there are several files. #}
{% macro held_records(feed, verdicts, where_files_meet=false) -%}
  {%- set several = more_than_one_file(verdicts) if where_files_meet -%}
  {%- if feed.weekly -%}
    {%- set weeks = versions_of_weeks(feed, verdicts) -%}
    {%- set versions = "select distinct " ~ prefixed(version_columns(), "weeks") ~ " from (" ~ weeks ~ ") as weeks" -%}
  {%- else -%}
    {%- set versions = "select " ~ prefixed(version_columns(), "current_versions") ~ " from (" ~ current_versions(verdicts) ~ ") as current_versions" -%}
  {%- endif -%}
  {%- if several %}{% set versions = versions ~ " cross join (" ~ several ~ ") as several" %}{% endif -%}
  {%- if feed.weekly -%}
  select records_of_weeks.*
    from ({{ records_of(feed, verdicts, versions) }}) as records_of_weeks
    inner join ({{ weeks }}) as weeks
        on {{ same(["week"] + version_columns(), "records_of_weeks", "weeks") }}
  {%- else -%}
  {{ records_of(feed, verdicts, versions) }}
  {%- endif -%}
{%- endmacro %}


{# The kept records of the versions that a query returns, typed. #}
{% macro records_of(feed, verdicts, versions) -%}
  {%- set version = version_columns() -%}
  with

    wanted as (

        select {{ broadcast("versions") }} records.*
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
        select {{ version | join(", ") }}, _row_number
        from {{ verdicts }}
        where verdict <> 'kept'
    ) as left_out
        on {{ same(version + ["_row_number"], "typed", "left_out") }}
    where left_out._row_number is null
{%- endmacro %}


{# The condition that two relations agree in the columns. #}
{% macro same(columns, left, right) -%}
  {%- for column in columns %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ " and " if not loop.last }}{% endfor -%}
{%- endmacro %}


{# The columns with the name of their relation before them, joined by commas. #}
{% macro prefixed(columns, relation) -%}
  {%- for column in columns %}{{ relation }}.{{ column }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}
