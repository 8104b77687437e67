{#
  As dbt-duckdb's own, which puts the seed's path into its statement as it stands: a quote in the name of a folder
  above the project would end the text there.
#}
{% macro duckdb__load_csv_rows(model, agate_table) %}
  {%- set path = adapter.get_seed_file_path(model) -%}
  {%- if not config.get("fast", true) or "'" not in path -%}
    {{ return(dbt.duckdb__load_csv_rows(model, agate_table)) }}
  {%- endif -%}
  {%- set sql -%}
    copy {{ this }} from '{{ path | replace("'", "''") }}' (format csv, header true, delimiter '{{ config.get("delimiter", ",") }}')
  {%- endset -%}
  {% do adapter.add_query(sql, abridge_sql_log=True) %}
  {{ return(sql) }}
{% endmacro %}
