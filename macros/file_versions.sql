{#
  By what a file is known, and a version of it. All that compares files or versions reads these.

  A path names a file: no two sources may have the same path in one raw table.
#}
{% macro file_columns() %}
  {{ return(["_file_path"]) }}
{% endmacro %}

{% macro version_columns() %}
  {{ return(file_columns() + ["_file_version"]) }}
{% endmacro %}


{#
  The place of a version among those of its file, 1 for the current one: the one that the source committed last, and of
  two with the same time the one with the higher number. This is the only definition of what is current.

  among: further columns that split the versions, such as the week for the weeks of a weekly list.

  Example: {{ recency() }} as recency
#}
{% macro recency(among=[]) -%}
  row_number() over (partition by {{ (among + file_columns()) | join(", ") }} order by _committed_at desc, _file_version desc)
{%- endmacro %}


{#
  The records of those versions of files that an incremental model does not hold yet.

  records: the raw table, for bronze; the bronze table, for the verdicts.

  Example: see models/bronze/bronze_titles.sql

  Versions are compared, not rows: their two columns compress to almost nothing, so that this stays cheap however
  many records there are.
#}
{% macro new_records(records) -%}
  {%- set loaded = raw_records(records) %}
  select {{ broadcast("new_versions") if is_incremental() else "" }} records.*
    from ({{ loaded }}) as records
    {%- if is_incremental() %}
    inner join (
        select {{ version_columns() | join(", ") }} from ({{ loaded }}) as loaded
        except
        select {{ version_columns() | join(", ") }} from {{ this }}
    ) as new_versions
        on {{ same(version_columns(), "records", "new_versions") }}
    {%- endif %}
{%- endmacro %}


{#
  The records of the current version of every file, refused ones included: for the tests on bronze.

  records: the bronze table.

  Example: see tests/dbt/generic/expectation.sql

  It takes the table and not a CTE over it: an engine may materialize a CTE that is read twice, with all its rows,
  where two scans of the table read few columns and skip the files of other versions.
#}
{% macro current_records(records) -%}
  select {{ broadcast("versions") }} records.*
    from {{ records }} as records
    inner join (
        select
            {{ version_columns() | join(", ") }},
            {{ recency() }} as recency
        from {{ records }}
        group by {{ version_columns() | join(", ") }}, _committed_at
    ) as versions
        on {{ same(version_columns(), "records", "versions") }} and versions.recency = 1
{%- endmacro %}


{# The versions that are not refused, as a query with the version's columns and _committed_at. verdicts: as ref(...). #}
{% macro sound_versions(verdicts) -%}
  select distinct {{ version_columns() | join(", ") }}, _committed_at
        from {{ verdicts }}
        where verdict <> 'refused'
{%- endmacro %}


{# The current version of every file, of those that are not refused: a query with the same columns. #}
{% macro current_versions(verdicts) -%}
  select {{ version_columns() | join(", ") }}, _committed_at
        from (
            select
                *,
                {{ recency() }} as recency
            from ({{ sound_versions(verdicts) }}) as sound
        ) as ranked
        where recency = 1
{%- endmacro %}


{# One row where the verdicts are about more than one file, and none otherwise. #}
{% macro more_than_one_file(verdicts) -%}
  select files
        from (select count(*) as files from (select distinct {{ file_columns() | join(", ") }} from {{ verdicts }}) as each_file) as counted
        where files > 1
{%- endmacro %}
