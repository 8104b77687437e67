{#
  The records of those versions of files that an incremental model does not hold yet.

  records: the raw table, for bronze; the bronze table, for the typed records.

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
        on records._file_path = new_versions._file_path and records._file_version = new_versions._file_version
    {%- endif %}
{%- endmacro %}
