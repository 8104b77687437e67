{#
  How dbt sees Delta tables: in DuckDB they stand as views, but to dbt they are tables, so that
  is_incremental(), snapshots and tests treat them as such. The plugin knows which they are; a view that somebody made
  over delta_scan is a view.
#}

{% macro list_relations(schema_relation) %}
  {% set ours = dbt_duckdb_delta.names(schema_relation.schema) %}
  {% call statement("list_relations_without_caching", fetch_result=True) %}
    select
      '{{ schema_relation.database }}' as database,
      table_name as name,
      table_schema as schema,
      case when table_type <> 'VIEW' or (lower(table_name) in ({{ ours }}) and table_catalog = current_database())
        then 'table' else 'view' end as type
    from system.information_schema.tables
    where lower(table_schema) = '{{ schema_relation.schema | lower }}'
      and lower(table_catalog) = '{{ schema_relation.database | lower }}'
  {% endcall %}
  {{ return(load_result("list_relations_without_caching").table) }}
{% endmacro %}

{# The names of the Delta tables in a schema, as a list in SQL. #}
{% macro names(schema) %}
  {% set names = ["null"] %}
  {% do run_query("select 1") %}{#- opens dbt's connection, where it is the first to ask, and with it the lake -#}
  {% for of, name in dbt_duckdb_delta.job(api.Relation.create(), {"strategy": "lake"}).tables if of | lower == schema | lower %}
    {% do names.append("'" ~ name | lower | replace("'", "''") ~ "'") %}
  {% endfor %}
  {{ return(names | join(", ")) }}
{% endmacro %}

{# Whether a relation is a Delta table. #}
{% macro is_delta(relation) %}
  {{ return(run_query("select 1 where lower('" ~ relation.identifier | replace("'", "''") ~ "') in ("
      ~ dbt_duckdb_delta.names(relation.schema) ~ ") and '" ~ relation.database ~ "' = current_database()") | length > 0) }}
{% endmacro %}

{# dbt's is_incremental(), which knows of `materialized: incremental` alone, for delta_incremental too. #}
{% macro is_incremental() %}
  {% if not execute or model.config.materialized != "delta_incremental" %}{{ return(dbt.is_incremental()) }}{% endif %}
  {{ return(not should_full_refresh() and dbt_duckdb_delta.is_delta(this)) }}
{% endmacro %}

{# At the start of a run: a target without the plugin would build Delta models as something else. #}
{% macro require_plugin() %}
  {% set modules = (target.plugins or []) | map(attribute="module") | list %}
  {% if execute and target.type == "duckdb" and "dbt_duckdb_delta" not in modules and dbt_duckdb_delta.nodes(must=false) %}
    {% do exceptions.raise_compiler_error("The profile's target " ~ target.name ~ " lacks the plugin that builds Delta models: add `plugins: [{module: dbt_duckdb_delta, config: {root: …}}]`.") %}
  {% endif %}
{% endmacro %}

{# dbt never deletes or renames a Delta table: it would take the table's history with it. #}
{% macro refuse(relation) %}
  {% if dbt_duckdb_delta.is_delta(relation) %}
    {% do exceptions.raise_compiler_error(
        relation.schema ~ "." ~ relation.identifier ~ " is a Delta table, which this model no longer is. Remove the"
        ~ " table's folder by hand if it may go, or give the model another name or alias."
    ) %}
  {% endif %}
{% endmacro %}

{# The root of the Delta tables, as the plugin found it when it connected. #}
{% macro root() %}
  {{ return(dbt_duckdb_delta.job(api.Relation.create(), {"strategy": "lake"}).root) }}
{% endmacro %}

{# The time that a snapshot notes: dbt-duckdb's own is that of the session's zone, with nothing that says so. #}
{% macro snapshot_time() %}
  {{ return("timezone('UTC', now())" if config.get("timestamp_ntz") else "now()") }}
{% endmacro %}

{# For dbt docs: the comments of Delta tables lie in Delta, so they are put on the views first. #}
{% macro describe(relations) %}
  {% for relation in relations %}{% do dbt_duckdb_delta.job(relation, {"strategy": "describe"}) %}{% endfor %}
{% endmacro %}
