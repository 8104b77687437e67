{#
  Written by `python -m dbt_duckdb_delta wrappers`. dbt takes built-in materializations and the adapter's macros only
  from the project itself, and not from a package: these hand on what has `file_format: delta`, and what is about a
  Delta table, to dbt_duckdb_delta, and all else to dbt. (call_macro(): dbt runs a Python model only for the
  materialization that it called itself, and so this one is not to count.)
#}

{% materialization table, adapter="duckdb", supported_languages=["sql", "python"] %}
  {%- set delta = config.get("file_format") == "delta" -%}
  {{ return((dbt_duckdb_delta.materialization_delta_table_duckdb if delta else dbt.materialization_table_duckdb).call_macro()) }}
{% endmaterialization %}

{% materialization incremental, adapter="duckdb", supported_languages=["sql", "python"] %}
  {%- set delta = config.get("file_format") == "delta" -%}
  {{ return((dbt_duckdb_delta.materialization_delta_incremental_duckdb if delta else dbt.materialization_incremental_duckdb).call_macro()) }}
{% endmaterialization %}

{% materialization seed, adapter="duckdb" %}
  {%- set delta = config.get("file_format") == "delta" -%}
  {{ return(dbt_duckdb_delta.materialization_delta_seed_duckdb() if delta else dbt.materialization_seed_default()) }}
{% endmaterialization %}

{% materialization snapshot, adapter="duckdb" %}
  {%- set delta = config.get("file_format") == "delta" -%}
  {{ return(dbt_duckdb_delta.materialization_delta_snapshot_duckdb() if delta else dbt.materialization_snapshot_default()) }}
{% endmaterialization %}

{% materialization test, adapter="duckdb" %}
  {%- set delta = config.get("file_format") == "delta" and should_store_failures() and config.get("store_failures_as") in (none, "table") -%}
  {{ return(dbt_duckdb_delta.materialization_delta_test_duckdb() if delta else dbt.materialization_test_default()) }}
{% endmaterialization %}

{% materialization clone, adapter="duckdb" %}
  {%- if config.get("file_format") == "delta" -%}
    {% do exceptions.raise_compiler_error("dbt clone cannot copy " ~ this.identifier ~ ": there is no shallow copy of a Delta table here. Build it, or read the other one with --defer.") %}
  {%- endif -%}
  {{ return(dbt.materialization_clone_default()) }}
{% endmaterialization %}

{% macro duckdb__snapshot_get_time() %}
  {{ return(dbt_duckdb_delta.snapshot_time() if config.get("file_format") == "delta" else dbt.duckdb__snapshot_get_time()) }}
{% endmacro %}

{% macro duckdb__list_relations_without_caching(schema_relation) %}
  {{ return(dbt_duckdb_delta.list_relations(schema_relation)) }}
{% endmacro %}

{% macro duckdb__drop_relation(relation) %}
  {% do dbt_duckdb_delta.refuse(relation) %}{{ return(dbt.duckdb__drop_relation(relation)) }}
{% endmacro %}

{% macro duckdb__rename_relation(from_relation, to_relation) %}
  {% do dbt_duckdb_delta.refuse(from_relation) %}{{ return(dbt.duckdb__rename_relation(from_relation, to_relation)) }}
{% endmacro %}

{% macro duckdb__get_catalog_relations(information_schema, relations) %}
  {% do dbt_duckdb_delta.describe(relations) %}{{ return(dbt.duckdb__get_catalog_relations(information_schema, relations)) }}
{% endmacro %}
