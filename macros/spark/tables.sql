{#
  dbt-spark writes Delta tables by itself; here is what pysail cannot do yet, and what dbt-spark leaves out.
#}

{#
  pysail gives a new table's columns the nullability of the query that fills it, and keeps it when the table is replaced.
  So that every column stays nullable, as on DuckDB and Apache Spark, it passes a condition that only the run can decide;
  and the option that lets a replaced table get other columns is set.
#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language="sql") %}
  {%- if not temporary and language == "sql" and on_pysail() -%}
    {%- set columns = adapter.get_column_schema_from_query(compiled_code) -%}
    {%- set compiled_code -%}
      select
        {%- for column in columns %}
        case when _dice >= 0 then {{ column.quoted }} end as {{ column.quoted }}{{ "," if not loop.last }}
        {%- endfor %}
      from (
        select *, rand() as _dice
        from (
          {{ compiled_code }}
        ) as query
      ) as rows_of_query
    {%- endset -%}
  {%- endif -%}
  {{ return(dbt.spark__create_table_as(temporary, relation, compiled_code, language)) }}
{% endmacro %}

{% macro spark__options_clause() -%}
  {% if on_pysail() %}options (overwriteSchema "true"){% endif %}
{%- endmacro %}


{# pysail has no `alter table … add columns`: the table is replaced by itself with the columns, in one commit. #}
{% macro spark__alter_relation_add_remove_columns(relation, add_columns, remove_columns) %}
  {% if remove_columns or not on_pysail() %}
    {{ return(dbt.spark__alter_relation_add_remove_columns(relation, add_columns, remove_columns)) }}
  {% endif %}
  {% set query %}
    select
      *
      {%- for column in add_columns %},
      cast(null as {{ column.data_type }}) as {{ column.quoted }}
      {%- endfor %}
    from {{ relation }}
  {% endset %}
  {% do run_query(spark__create_table_as(False, relation, query)) %}
{% endmacro %}


{#
  dbt-spark's merge, and beyond it: `not_matched_by_source_action: delete`; and a matched row is written only where it
  differs, so that files without a change stay as they are.
#}
{% macro spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) %}
  {%- set predicates = [] + (incremental_predicates or []) -%}
  {%- for key in as_list(unique_key) -%}
    {%- do predicates.append("DBT_INTERNAL_SOURCE." ~ key ~ " = DBT_INTERNAL_DEST." ~ key) -%}
  {%- endfor -%}
  {%- set columns = get_merge_update_columns(
      config.get("merge_update_columns"), config.get("merge_exclude_columns"), adapter.get_columns_in_relation(target)
  ) or adapter.get_columns_in_relation(target) | map(attribute="quoted") | list -%}
  merge into {{ target }} as DBT_INTERNAL_DEST
  using {{ source }} as DBT_INTERNAL_SOURCE
  on {{ predicates | join(" and ") if unique_key else "false" }}
  when matched and not (
    {%- for column in columns %}
    DBT_INTERNAL_DEST.{{ column }} <=> DBT_INTERNAL_SOURCE.{{ column }}{{ " and" if not loop.last }}
    {%- endfor %}
  ) then update set
    {%- for column in columns %}
    {{ column }} = DBT_INTERNAL_SOURCE.{{ column }}{{ "," if not loop.last }}
    {%- endfor %}
  when not matched then insert *
  {%- if config.get("not_matched_by_source_action") == "delete" %}
  when not matched by source then delete
  {%- endif %}
{% endmacro %}
