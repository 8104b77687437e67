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
        select _file_path, _file_version from ({{ loaded }}) as loaded
        except
        select _file_path, _file_version from {{ this }}
    ) as new_versions
        on
            records._file_path = new_versions._file_path
            and records._file_version = new_versions._file_version
    {%- endif %}
{%- endmacro %}


{#
  The records of the current version of every file: the one that the source committed last, and of two with the
  same time the one with the higher number.

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
            _file_path,
            _file_version,
            row_number() over (partition by _file_path order by _committed_at desc, _file_version desc) as recency
        from {{ records }}
        group by _file_path, _file_version, _committed_at
    ) as versions
        on
            records._file_path = versions._file_path
            and records._file_version = versions._file_version
            and versions.recency = 1
{%- endmacro %}
