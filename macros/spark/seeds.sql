{#
  A seed on Spark in one commit. dbt-spark drops the table, makes a new one and inserts the rows in batches; the files of
  a Delta table with a location outlive the drop, so that the rows would be there twice.
#}
{% macro spark__create_csv_table(model, agate_table) %}
  {{ return("") }}
{% endmacro %}

{% macro spark__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
  {{ return("") }}
{% endmacro %}

{% macro spark__load_csv_rows(model, agate_table) %}
  {% set types = model.config.get("column_types", {}) %}
  {% set query %}
    select
      {%- for name in agate_table.column_names %}
      cast({{ adapter.quote(name) }} as {{ types.get(name, adapter.convert_type(agate_table, loop.index0)) }}) as {{ adapter.quote(name) }}
      {{- "," if not loop.last }}
      {%- endfor %}
    from values
      {%- for row in agate_table.rows %}
      (
        {%- for value in row -%}
          {{ "null" if value is none else dbt.string_literal(dbt.escape_single_quotes(value | string)) }}{{ ", " if not loop.last }}
        {%- endfor -%}
      ){{ "," if not loop.last }}
      {%- endfor %}
      as seed ({{ agate_table.column_names | map("lower") | join(", ") }})
  {% endset %}
  {% set sql = create_table_as(False, this, query) %}
  {% do adapter.add_query(sql, abridge_sql_log=True) %}
  {{ return(sql) }}
{% endmacro %}
