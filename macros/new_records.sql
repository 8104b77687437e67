{#
  The records of those versions of files that an incremental model does not hold yet.

  records: the raw table, for bronze; the bronze table, for the typed records.

  Example: see models/bronze/bronze_titles.sql

  Versions are compared, not rows: their columns compress to almost nothing, so that this stays cheap however many records
  there are. A version is known by its number and its content: one that the model holds with another content ends the
  build, as its source was removed or restored and then loaded otherwise.
#}
{% macro new_records(records) -%}
  {%- set loaded = raw_records(records) %}
  select {{ broadcast("new_versions") if is_incremental() else "" }} records.*
    from ({{ loaded }}) as records
    {%- if is_incremental() %}
    {#- a table from before the typed records had the content's hash #}
    {%- set knows = "_file_sha" in columns_of(this) %}
    inner join (
        select
            loaded._file_path,
            loaded._file_version
        from (
            select _file_path, _file_version, min(_file_sha) as sha
            from ({{ loaded }}) as loaded
            group by _file_path, _file_version
        ) as loaded
        left join (
            select _file_path, _file_version, {% if knows %}min(_file_sha) as least, max(_file_sha) as most{% else %}1 as held{% endif %}
            from {{ this }}
            group by _file_path, _file_version
        ) as held
            on loaded._file_path = held._file_path and loaded._file_version = held._file_version
        where
            case
                when held._file_version is null then true
                {%- if knows %}
                when held.least <> loaded.sha or held.most <> loaded.sha
                    then {{ raise_error("'" ~ this.identifier ~ " holds version ' || loaded._file_version || ' of ' || loaded._file_path || ' with another content than " ~ records.identifier ~ " has now. Build it again, and what is made of it: dbt build --full-refresh --select " ~ this.identifier ~ "+'") }} is null
                {%- endif %}
                else false
            end
    ) as new_versions
        on records._file_path = new_versions._file_path and records._file_version = new_versions._file_version
    {%- endif %}
{%- endmacro %}
