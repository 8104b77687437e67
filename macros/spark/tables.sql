{#
  dbt-spark writes Delta tables by itself; here is what pysail cannot do yet, and what dbt-spark leaves out.
#}

{#
  The query of a table, with what dbt-spark does not do before it writes:
  - A contract's not_null ends the query with an error, so that nothing is committed (dbt-spark would alter the table
    after the commit, which pysail cannot do). It stands in the columns and not in a filter, which an engine may apply
    before the model's own.
  - pysail gives a new table's columns the nullability of the query that fills it. So that columns are nullable, as on
    Apache Spark, they pass a condition that only the run can decide.
#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language="sql") %}
  {%- if language == "sql" and model.resource_type in ("model", "seed") -%}
    {%- set compiled_code = prepared_query(relation, compiled_code, on_pysail() and not temporary) -%}
  {%- endif -%}
  {{ return(dbt.spark__create_table_as(temporary, relation, compiled_code, language)) }}
{% endmacro %}

{% macro prepared_query(relation, query, make_nullable) %}
  {%- set rules = dbt_duckdb_delta.constraints() if (config.get("contract") or {}).enforced else {"not_null": [], "checks": []} -%}
  {%- if rules.checks -%}
    {%- do exceptions.raise_compiler_error("A check in a contract cannot be honoured on Spark: test it, or use an expectation.") -%}
  {%- endif -%}
  {%- if not rules.not_null and not make_nullable -%}{{ return(query) }}{%- endif -%}
  {%- set sql -%}
    select
      {%- for column in adapter.get_column_schema_from_query(query) %}
      {%- if column.name in rules.not_null %}
      case
        when {{ column.quoted }} is null then cast(raise_error('{{ this.schema }}.{{ this.identifier }}: the column {{ column.name }} is null') as {{ column.data_type }})
        else {{ column.quoted }}
      end as {{ column.quoted }}
      {%- else %}
      {{ "case when _dice >= 0 then " ~ column.quoted ~ " end" if make_nullable else column.quoted }} as {{ column.quoted }}
      {%- endif %}
      {{- "," if not loop.last }}
      {%- endfor %}
    from (
      select *, rand() as _dice
      from (
        {{ query }}
      ) as query
    ) as rows_of_query
  {%- endset -%}
  {{ return(sql) }}
{% endmacro %}

{# The constraints of a contract were conditions of the query. #}
{% macro spark__persist_constraints(relation, model) %}{% endmacro %}

{# A Delta table lies below the root of the lake, as on DuckDB. (dbt-databricks names the relation.) #}
{% macro spark__location_clause(relation=none) %}
  {%- if config.get("file_format") != "delta" -%}{{ return(dbt.spark__location_clause()) }}{%- endif -%}
  {%- if model.resource_type in ("model", "seed", "snapshot") %}location '{{ (lake_root() ~ "/" ~ this.schema ~ "/" ~ this.identifier) | replace("'", "\\'") }}'{% endif -%}
{% endmacro %}

{# With it, a table that pysail replaces may get other columns. #}
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
  {% do run_query(dbt.spark__create_table_as(False, relation, prepared_query(relation, query, true))) %}
{% endmacro %}


{#
  dbt-spark's merge, and beyond it: `not_matched_by_source_action: delete`; and a matched row is written only where it
  differs, so that files without a change stay as they are.
#}
{% macro spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) %}
  {%- set predicates = [] + (incremental_predicates or []) -%}
  {%- for key in dbt_duckdb_delta.as_list(unique_key) -%}
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
