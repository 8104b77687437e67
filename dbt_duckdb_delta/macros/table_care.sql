{#
  Care for the Delta tables of models: dbt run-operation dbt_duckdb_delta.optimize, …vacuum, …history, …restore. And
  time travel: as_of. On DuckDB the plugin does the work.
#}

{#
  Compact small files; models that configure `zorder` (a list of columns) are clustered by them.
    dbt run-operation dbt_duckdb_delta.optimize                                  every model, seed and snapshot
    dbt run-operation dbt_duckdb_delta.optimize --args '{model: orders}'
#}
{% macro optimize(model=none) %}
  {% do dbt_duckdb_delta.care_for_each(model, "optimize", {}) %}
{% endmacro %}


{#
  Delete the files that no version younger than `retention_hours` needs. A dry run, unless dry_run is false.
    dbt run-operation dbt_duckdb_delta.vacuum --args '{model: orders, dry_run: false}'
#}
{% macro vacuum(model=none, retention_hours=168, dry_run=true) %}
  {% if dry_run is not boolean %}{% do exceptions.raise_compiler_error("dry_run is true or false, without quotes, and not " ~ dry_run | tojson ~ ".") %}{% endif %}
  {% if retention_hours is not integer or retention_hours < 0 %}
    {% do exceptions.raise_compiler_error("retention_hours is a whole number, 0 or more, and not " ~ retention_hours | tojson ~ ".") %}
  {% endif %}
  {% do dbt_duckdb_delta.care_for_each(model, "vacuum", {"retention_hours": retention_hours, "dry_run": dry_run}) %}
  {% if dry_run %}{% do log("Nothing was deleted: this was a dry run. Add dry_run: false.", info=True) %}{% endif %}
{% endmacro %}


{#
  The commits of a model's table, newest first.
    dbt run-operation dbt_duckdb_delta.history --args '{model: orders}'
#}
{% macro history(model, limit=20) %}
  {% if not model %}{% do exceptions.raise_compiler_error("history is for one model: add its name, as in {model: orders}.") %}{% endif %}
  {% if limit is not integer or limit < 1 %}{% do exceptions.raise_compiler_error("limit is a whole number, 1 or more, and not " ~ limit | tojson ~ ".") %}{% endif %}
  {% for node in dbt_duckdb_delta.nodes(model) %}
    {% for commit in dbt_duckdb_delta.care(node, "history", {"limit": limit}) %}
      {% set time = modules.datetime.datetime.utcfromtimestamp(commit.timestamp / 1000).isoformat() %}
      {% do log("version " ~ commit.version ~ "  " ~ time ~ "Z  " ~ commit.operation, info=True) %}
    {% endfor %}
  {% endfor %}
{% endmacro %}


{#
  Make an older version the current one (a new commit; nothing is lost).
    dbt run-operation dbt_duckdb_delta.restore --args '{model: orders, version: 3}'
#}
{% macro restore(model, version) %}
  {% if not model %}{% do exceptions.raise_compiler_error("restore is for one model: add its name, as in {model: orders, version: 3}.") %}{% endif %}
  {% for node in dbt_duckdb_delta.nodes(model) %}
    {% do log(node.name ~ ": " ~ dbt_duckdb_delta.care(node, "restore", {"version": version}), info=True) %}
  {% endfor %}
{% endmacro %}


{#
  A table as it was, for use in a model or with `dbt show`.
  relation: ref() or source(); version: a Delta version, or timestamp: text such as '2024-01-31 12:00:00' (UTC).
    select * from {{ dbt_duckdb_delta.as_of(ref("orders"), version=3) }}
#}
{% macro as_of(relation, version=none, timestamp=none) %}
  {% set past = adapter.dispatch("as_of", "dbt_duckdb_delta")(relation, version, timestamp) %}
  {{ return("(select * from " ~ past ~ " where false)" if relation.limit == 0 else past) }}{#- with dbt run --empty -#}
{% endmacro %}

{% macro duckdb__as_of(relation, version, timestamp) %}
  {% if not execute %}{{ return(relation) }}{% endif %}
  {{ return(dbt_duckdb_delta.job(relation, {"strategy": "as_of", "options": {"version": version, "timestamp": timestamp}})) }}
{% endmacro %}

{% macro spark__as_of(relation, version, timestamp) %}
  {% if version is not none %}{{ return(relation.render() ~ " version as of " ~ version) }}{% endif %}
  {{ return(relation.render() ~ " timestamp as of '" ~ timestamp ~ "'") }}
{% endmacro %}


{#
  An expression that only says of a row by which run it came, as with `invocation_id`. A build in which nothing else is
  another leaves the table alone (see reuse_unchanged in README.md), and rows keep what they have.

  Example: {{ dbt_duckdb_delta.of_run("'" ~ invocation_id ~ "'") }} as run_id
#}
{% macro of_run(expression) %}{{ "/* of run */" ~ expression ~ "/* end of run */" }}{% endmacro %}


{# The nodes of the graph that are Delta tables: one by name, or all. #}
{% macro nodes(name=none, must=true) %}
  {% set nodes = [] %}
  {% for node in graph.nodes.values() if node.resource_type in ("model", "seed", "snapshot")
        and (node.config.get("file_format") == "delta" or node.config.materialized.startswith("delta_"))
        and node.config.materialized not in ("ephemeral", "view") and name in (none, node.name) %}
    {% do nodes.append(node) %}
  {% endfor %}
  {% if must and not nodes %}
    {% do exceptions.raise_compiler_error("There is no Delta model, seed or snapshot named " ~ name ~ ".") %}
  {% endif %}
  {{ return(nodes) }}
{% endmacro %}


{#
  One job on the table of a model, or on all tables: what was never built is then left out, and where one fails, the
  others are done all the same, and it is an error at the end.
#}
{% macro care_for_each(model, strategy, options) %}
  {% set failed = [] %}
  {% for node in dbt_duckdb_delta.nodes(model) %}
    {% set zorder = dbt_duckdb_delta.as_list(node.config.get("zorder")) %}
    {% set done = dbt_duckdb_delta.care(node, strategy, dict(options, zorder=zorder, go_on=model is none)) %}
    {% do log(node.name ~ ": " ~ (done.failed if done is mapping else done), info=True) %}
    {% if done is mapping %}{% do failed.append(node.name) %}{% endif %}
  {% endfor %}
  {% if failed %}{% do exceptions.raise_compiler_error(strategy ~ " failed for " ~ failed | join(", ") ~ ", as said above; the others are done.") %}{% endif %}
{% endmacro %}


{# One job on the table of a node. #}
{% macro care(node, strategy, options) %}
  {% set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) %}
  {{ return(dbt_duckdb_delta.job(relation, {"strategy": strategy, "options": options})) }}
{% endmacro %}
