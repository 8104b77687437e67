{#
  Delta tables on DuckDB: tables, incremental models, seeds, snapshots and stored test failures. Each hands one job to
  the plugin (plugin.py), which runs the SQL and makes one Delta commit. The names are for models that ask for them
  (`materialized: delta_table`); a project's wrappers hand on what has `file_format: delta` (wrappers.sql).
#}

{% materialization delta_table, adapter="duckdb", supported_languages=["sql", "python"] %}
  {% set staged = dbt_duckdb_delta.prepare() %}
  {% if staged %}{% call statement("python", language="python") %}{{- create_table_as(False, staged, compiled_code, "python") }}{% endcall %}{% endif %}
  {{ return(dbt_duckdb_delta.build("overwrite", staged)) }}
{% endmaterialization %}

{% materialization delta_incremental, adapter="duckdb", supported_languages=["sql", "python"] %}
  {% set strategies = ["append", "merge", "delete+insert", "insert_overwrite", "microbatch"] %}
  {% set strategy = config.get("incremental_strategy") or "append" %}
  {% if strategy not in strategies %}
    {% do adapter.get_incremental_strategy_macro(context, strategy) %}
    {% do exceptions.raise_compiler_error("incremental_strategy " ~ strategy ~ " is not for Delta: " ~ strategies | join(", ")) %}
  {% endif %}
  {% if config.get("not_matched_by_source_action") and (strategy != "merge" or not config.get("unique_key")) %}
    {% do exceptions.raise_compiler_error("not_matched_by_source_action has no effect without incremental_strategy: merge and a unique_key.") %}
  {% endif %}
  {% if strategy == "microbatch" and model.config.materialized != "incremental" %}
    {% do exceptions.raise_compiler_error("dbt makes batches for materialized: incremental alone: take that, with file_format: delta.") %}
  {% endif %}
  {% set staged = dbt_duckdb_delta.prepare() %}
  {% if staged %}{% call statement("python", language="python") %}{{- create_table_as(False, staged, compiled_code, "python") }}{% endcall %}{% endif %}
  {{ return(dbt_duckdb_delta.build("overwrite" if should_full_refresh() else strategy | replace("+", "_"), staged)) }}
{% endmaterialization %}

{% materialization delta_seed, adapter="duckdb" %}
  {% set agate_table = load_agate_table() %}
  {% do store_result("agate_table", response="OK", agate_table=agate_table) %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {#- dbt's own loader fills a table in DuckDB under the seed's name; the plugin replaces it by a view over Delta -#}
  {% set before = load_cached_relation(this) %}
  {% if before and not dbt_duckdb_delta.is_delta(this) %}{% do adapter.drop_relation(before) %}{% endif %}
  {% call statement() %}drop view if exists {{ this }}{% endcall %}
  {% do create_csv_table(model, agate_table) %}
  {% if agate_table.rows | length > 0 %}{% do dbt_duckdb_delta.load_rows(agate_table) %}{% endif %}
  {#- dbt's own checksum of a file of more than 1 MiB is one of its path, and knows nothing of how the file is read -#}
  {% set read_as = {} %}
  {% for name in ("column_types", "delimiter", "quote_columns", "fast") %}{% do read_as.update({name: config.get(name)}) %}{% endfor %}
  {% set seed = {"input_file": adapter.get_seed_file_path(model), "options": read_as} %}
  {{ return(dbt_duckdb_delta.finish("overwrite", "select * from " ~ this, seed, agate_table.rows | length)) }}
{% endmaterialization %}

{% materialization delta_snapshot, adapter="duckdb" %}
  {% set exists = load_cached_relation(this) is not none %}
  {% set strategy = strategy_dispatch(config.get("strategy"))(
      model, "snapshotted_data", "source_data", model["config"], exists
  ) %}
  {% if flags.EMPTY %}{% do strategy.update({"hard_deletes": "ignore"}) %}{% endif %}{#- no record is gone then -#}
  {% set columns = config.get("snapshot_table_column_names") or get_snapshot_table_column_names() %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% if exists %}
    {{ adapter.assert_valid_snapshot_target_given_strategy(this, columns, strategy) }}
    {% set sql = snapshot_staging_table(strategy, compiled_code, this) %}
  {% else %}
    {#- timestamps, also where no record has an end yet or updated_at is a date -#}
    {% set built, moments = build_snapshot_table(strategy, compiled_code), [] %}
    {% for column in adapter.get_column_schema_from_query(built)
          if column.name in (columns.dbt_valid_from, columns.dbt_valid_to, columns.dbt_updated_at)
          and column.dtype | upper != "TIMESTAMP WITH TIME ZONE" %}
      {% do moments.append(column.name ~ "::timestamp as " ~ column.name) %}
    {% endfor %}
    {% set sql = "select *" ~ (" replace (" ~ moments | join(", ") ~ ")" if moments else "") ~ " from (" ~ built ~ ")" %}
  {% endif %}
  {% set end, current = "dbt_internal_dest." ~ columns.dbt_valid_to, config.get("dbt_valid_to_current") %}
  {{ return(dbt_duckdb_delta.finish("merge", sql, {
      "unique_key": [columns.dbt_scd_id],
      "merge_update_columns": [columns.dbt_valid_to],
      "incremental_predicates": ["dbt_internal_source.dbt_change_type <> 'insert'", end ~ " is null" ~ (" or " ~ end ~ " = " ~ current if current else "")],
      "insert_if": "dbt_internal_source.dbt_change_type = 'insert'",
      "snapshot": true,
      "on_schema_change": "append_new_columns",
      "reuse": False,
  })) }}
{% endmaterialization %}

{% materialization delta_test, adapter="duckdb" %}
  {% do adapter.create_schema(this) %}
  {% do dbt_duckdb_delta.write("overwrite", get_limit_subquery_sql(sql, config.get("limit")), {"reuse": False, "as_text": true}) %}
  {% call statement("main", fetch_result=True) %}
    {{ get_test_sql("select * from " ~ this, config.get("fail_calc"), config.get("warn_if"), config.get("error_if"), limit=none) }}
  {% endcall %}
  {{ return({"relations": [this.incorporate(type="table")]}) }}
{% endmaterialization %}

{#
  As dbt-duckdb's own, which puts the seed's path into its statement as it stands: a quote in the name of a folder
  above the project would end the text there.
#}
{% macro load_rows(agate_table) %}
  {% set path = adapter.get_seed_file_path(model) %}
  {% if not config.get("fast", true) or "'" not in path %}{{ return(load_csv_rows(model, agate_table)) }}{% endif %}
  {% set options = "(format csv, header true, delimiter '" ~ config.get("delimiter", ",") ~ "')" %}
  {% do adapter.add_query("copy " ~ this ~ " from '" ~ path | replace("'", "''") ~ "' " ~ options, abridge_sql_log=True) %}
{% endmacro %}

{#
  What comes before a model is built. Returns the table into which dbt-duckdb is to run a Python model, or none: the
  call itself has to stand in the materialization, where dbt looks for it.
#}
{% macro prepare() %}
  {#- what dbt-spark and dbt-databricks have and is not honoured here is an error, not a surprise -#}
  {% for name in [
      "buckets", "clustered_by", "liquid_clustered_by", "auto_liquid_cluster", "options", "indexes", "skip_matched_step",
      "skip_not_matched_step", "matched_condition", "not_matched_condition", "not_matched_by_source_condition",
      "merge_with_schema_evolution", "merge_clauses", "merge_update_condition", "merge_insert_condition",
      "merge_update_set_expressions", "merge_on_using_columns", "merge_returning_columns"] if config.get(name) %}
    {% do exceptions.raise_compiler_error("The configuration " ~ name ~ " cannot be honoured for a Delta table on DuckDB.") %}
  {% endfor %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% if model.language != "python" %}{{ return(none) }}{% endif %}
  {% set staged = this.incorporate(path={"identifier": this.identifier ~ "__dbt_tmp"}, type="table") %}
  {% do adapter.drop_relation(staged) %}
  {{ return(staged) }}
{% endmacro %}

{# Build a model. strategy: a method of the plugin, without its underscore; staged: a Python model's result. #}
{% macro build(strategy, staged) %}
  {% set sql, more = ("select * from " ~ staged if staged else compiled_code), {} %}
  {% if config.get("contract").enforced %}
    {#- the plugin compares the columns where it looks at the query's types anyway: asking for them takes as long again -#}
    {% set more = dict(dbt_duckdb_delta.constraints(), contract=get_empty_schema_sql(model.columns)) %}
  {% endif %}
  {% set done = dbt_duckdb_delta.finish(strategy, sql, more) %}
  {% if staged %}{% do adapter.drop_relation(staged) %}{% endif %}
  {{ return(done) }}
{% endmacro %}

{# The constraints of an enforced contract: not_null and check hold at every write, and Delta has no keys. #}
{% macro constraints() %}
  {% set constraints = model.constraints | list %}
  {% for column in model.columns.values() %}
    {% for constraint in column.constraints %}{% do constraints.append(dict(constraint, columns=[column.name])) %}{% endfor %}
  {% endfor %}
  {% set rules = {"not_null": [], "checks": []} %}
  {% for constraint in constraints %}
    {% if constraint.type == "not_null" %}
      {% do rules.not_null.extend(constraint.columns) %}
    {% elif constraint.type == "check" %}
      {% do rules.checks.append(constraint.expression) %}
    {% elif constraint.warn_unenforced is not false %}
      {% do exceptions.warn(this ~ ": Delta cannot enforce " ~ constraint.type ~ ": test it, and set warn_unenforced: false.") %}
    {% endif %}
  {% endfor %}
  {{ return(rules) }}
{% endmacro %}

{# Do the job, run the post-hooks, and return what a materialization returns. #}
{% macro finish(strategy, sql, more, rows=none) %}
  {% do adapter.commit() %}
  {% set result = dbt_duckdb_delta.write(strategy, sql, more) %}
  {% call noop_statement("main", result, "OK", rows) %}{{ get_select_subquery(sql) if more.get("contract") else sql }}{% endcall %}
  {% if config.get("grants") %}{% do adapter.warn_once("grants are ignored on DuckDB: who may read a Delta table is decided where its files lie.") %}{% endif %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({"relations": [this.incorporate(type="table")]}) }}
{% endmacro %}

{# Hand one job to the plugin; returns the line that says what was done. more: fields of Job in job.py. #}
{% macro write(strategy, sql, more) %}
  {% set unmatched = config.get("not_matched_by_source_action") %}
  {% if unmatched not in (none, "delete") %}{% do exceptions.raise_compiler_error("not_matched_by_source_action can only be delete, not " ~ unmatched) %}{% endif %}
  {% set persist, comments = config.get("persist_docs", {}), {} %}
  {% if persist.get("columns") %}
    {% set names = adapter.get_column_schema_from_query(sql) | map(attribute="name") | list %}
    {% for column in validate_doc_columns(this, model.columns, names).values() if column.description %}
      {% do comments.update({column.name: column.description}) %}
    {% endfor %}
  {% endif %}
  {% set start, end = config.get("__dbt_internal_microbatch_event_time_start"), config.get("__dbt_internal_microbatch_event_time_end") %}
  {% set job = {
      "strategy": strategy,
      "sql": sql,
      "sql_header": config.get("sql_header"),
      "location": config.get("location_root") ~ "/" ~ this.identifier if config.get("location_root") else none,
      "unique_key": dbt_duckdb_delta.as_list(config.get("unique_key")),
      "partition_by": dbt_duckdb_delta.as_list(config.get("partition_by")),
      "incremental_predicates": dbt_duckdb_delta.as_list(config.get("incremental_predicates") or config.get("predicates")),
      "merge_update_columns": dbt_duckdb_delta.as_list(config.get("merge_update_columns")),
      "merge_exclude_columns": dbt_duckdb_delta.as_list(config.get("merge_exclude_columns")),
      "delete_unmatched": unmatched == "delete",
      "on_schema_change": config.get("on_schema_change") or "ignore",
      "tblproperties": config.get("tblproperties", {}),
      "timestamp_ntz": config.get("timestamp_ntz", false),
      "description": model.description if persist.get("relation") else none,
      "comments": comments,
      "reuse": config.get("reuse_unchanged", var("reuse_unchanged", true)) and not flags.FULL_REFRESH,
      "batch": [config.get("event_time"), start | string, end | string] if start and end else [],
      "found": none if strategy == "overwrite" else load_cached_relation(this) is not none,
      "empty": flags.EMPTY is true,
      "hooks": ((pre_hooks or []) + (post_hooks or [])) | length > 0,
  } %}
  {% do job.update(more) %}
  {% set result = dbt_duckdb_delta.job(this, job) %}
  {% if result == "contract" %}
    {{ get_assert_columns_equivalent(sql) }}
    {% do exceptions.raise_compiler_error(this ~ " does not have the columns of its contract.") %}
  {% endif %}
  {{ return(result) }}
{% endmacro %}

{# Run one job of the plugin on a relation; returns what the plugin returns. #}
{% macro job(relation, job) %}
  {%- if target.type != "duckdb" -%}{%- do exceptions.raise_compiler_error(job.strategy ~ " is done by DuckDB's plugin: run it over the same tables with a target of type duckdb.") -%}{%- endif -%}
  {%- set call = {"job": dict(job, project=project_name)} -%}
  {%- do adapter.store_relation("dbt_duckdb_delta", relation, [], "", "delta", call) -%}
  {{ return(call.result) }}
{% endmacro %}

{# A configuration value that may be a single name or a list of names, as a list. #}
{% macro as_list(value) %}
  {{ return(([value] if value is string else value or []) | select | unique(case_sensitive=true) | list) }}
{% endmacro %}
