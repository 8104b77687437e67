{#
  What dbt is told about Delta tables: in DuckDB they stand as views over delta_scan, but to dbt they are tables, so
  that is_incremental(), snapshots and tests treat them as such.
#}

{% macro duckdb__list_relations_without_caching(schema_relation) %}
  {% call statement("list_relations_without_caching", fetch_result=True) %}
    select
      '{{ schema_relation.database }}' as database,
      tables.table_name as name,
      tables.table_schema as schema,
      case when tables.table_type <> 'VIEW' or views.sql like '%delta_scan(%' then 'table' else 'view' end as type
    from system.information_schema.tables as tables
    left join duckdb_views() as views
      on tables.table_catalog = views.database_name
      and tables.table_schema = views.schema_name
      and tables.table_name = views.view_name
    where lower(tables.table_schema) = '{{ schema_relation.schema | lower }}'
      and lower(tables.table_catalog) = '{{ schema_relation.database | lower }}'
  {% endcall %}
  {{ return(load_result("list_relations_without_caching").table) }}
{% endmacro %}

{# dbt never deletes or renames a Delta table: it would take the table's history with it. #}
{% macro duckdb__drop_relation(relation) %}
  {% do delta_refuse(relation) %}{{ return(dbt.duckdb__drop_relation(relation)) }}
{% endmacro %}

{% macro duckdb__rename_relation(from_relation, to_relation) %}
  {% do delta_refuse(from_relation) %}{{ return(dbt.duckdb__rename_relation(from_relation, to_relation)) }}
{% endmacro %}

{% macro delta_refuse(relation) %}
  {% if run_query("select 1 from duckdb_views() where sql like '%delta_scan(%' and schema_name = '" ~ relation.schema
                  ~ "' and view_name = '" ~ relation.identifier ~ "'") | length > 0 %}
    {% do exceptions.raise_compiler_error(
        relation.schema ~ "." ~ relation.identifier ~ " is a Delta table, which this model no longer is. Remove the"
        ~ " table's folder by hand if it may go, or give the model another name or alias."
    ) %}
  {% endif %}
{% endmacro %}

{# The root of the lake, as the plugin found it when it connected. #}
{% macro duckdb__lake_root() %}
  {{ return(delta_job(api.Relation.create(), {"strategy": "root"})) }}
{% endmacro %}

{# For dbt docs: the comments of Delta tables lie in Delta, so they are put on the views first. #}
{% macro duckdb__get_catalog_relations(information_schema, relations) %}
  {% for relation in relations %}{% do delta_job(relation, {"strategy": "describe"}) %}{% endfor %}
  {{ return(dbt.duckdb__get_catalog_relations(information_schema, relations)) }}
{% endmacro %}
