{#
  The materializations `table`, `incremental` and `seed` for DuckDB where a node has `file_format: delta`.
  Each hands one job to the plugin (plugins/delta.py), which runs the SQL and makes one Delta commit.
  Without `file_format: delta`, dbt-duckdb's own materialization runs.
#}

{% materialization table, adapter="duckdb", supported_languages=["sql", "python"] %}
  {%- if config.get("file_format") != "delta" -%}
    {{ return(dbt_duckdb.materialization_table_duckdb()) }}
  {%- endif -%}
  {{ return(delta_build("overwrite")) }}
{% endmaterialization %}


{% materialization incremental, adapter="duckdb", supported_languages=["sql", "python"] %}
  {%- if config.get("file_format") != "delta" -%}
    {{ return(dbt_duckdb.materialization_incremental_duckdb()) }}
  {%- endif -%}
  {{ return(delta_build("overwrite" if should_full_refresh() else config.get("incremental_strategy", "append"))) }}
{% endmaterialization %}


{% materialization seed, adapter="duckdb" %}
  {%- if config.get("file_format") != "delta" -%}
    {{ return(dbt.materialization_seed_default()) }}
  {%- endif -%}
  {#- dbt's own loader makes a table in DuckDB under the seed's name; its rows then go to Delta -#}
  {% set agate_table = load_agate_table() %}
  {% do store_result("agate_table", response="OK", agate_table=agate_table) %}
  {% do adapter.drop_relation(this.incorporate(type="view")) %}
  {% do create_csv_table(model, agate_table) %}
  {% do load_csv_rows(model, agate_table) %}
  {% do adapter.commit() %}
  {% set result = delta_write("overwrite", "select * from " ~ this.include(database=false)) %}
  {% call noop_statement("main", result, "OK", agate_table.rows | length) %}{% endcall %}
  {{ return({"relations": [this.incorporate(type="view")]}) }}
{% endmaterialization %}


{#
  Run a model's hooks and its one job.
  strategy: overwrite, append or merge. Returns what a materialization returns.
#}
{% macro delta_build(strategy) %}
  {% set target = this.incorporate(type="view") %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% set sql = compiled_code %}
  {% if config.get("contract").enforced %}
    {{ get_assert_columns_equivalent(sql) }}
    {% set sql = get_select_subquery(sql) %}
  {% endif %}
  {% set result = delta_write(strategy, sql) %}
  {% call noop_statement("main", result, "OK") %}{{ sql }}{% endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({"relations": [target]}) }}
{% endmacro %}


{# Hand one job to the plugin. Returns the line that says what was committed. #}
{% macro delta_write(strategy, sql) %}
  {% set call = {"job": {
      "sql": sql,
      "strategy": strategy,
      "unique_key": as_list(config.get("unique_key")),
      "partition_by": as_list(config.get("partition_by")),
      "delete_unmatched": config.get("not_matched_by_source_action") == "delete",
      "tblproperties": config.get("tblproperties", {}),
  }} %}
  {% do adapter.store_relation("delta", this, [], "", "delta", call) %}
  {{ return(call.result) }}
{% endmacro %}


{# A configuration value that may be a single name or a list of names, as a list. #}
{% macro as_list(value) %}
  {{ return([] if value is none else [value] if value is string else value) }}
{% endmacro %}


{#
  True where an incremental model's table exists and no full refresh was asked for.
  On DuckDB a Delta table stands as a view, which dbt's own macro takes for "no table yet".
#}
{% macro is_incremental() %}
  {% if not execute or target.type != "duckdb" or config.get("file_format") != "delta" %}
    {{ return(dbt.is_incremental()) }}
  {% endif %}
  {{ return(load_cached_relation(this) is not none and config.get("materialized") == "incremental" and not should_full_refresh()) }}
{% endmacro %}
