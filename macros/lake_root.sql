{#
  The root of the lake, for use while dbt runs: no model, YAML file or profile may depend on it, or dbt parses the
  project again for another lake. On Spark, lakehouse/engines/spark.py gives it in LAKEHOUSE_ROOT.
#}
{% macro lake_root() %}
  {{ return(adapter.dispatch("lake_root")()) }}
{% endmacro %}

{% macro spark__lake_root() %}
  {{ return(env_var("LAKEHOUSE_ROOT")) }}
{% endmacro %}

{% macro duckdb__lake_root() %}
  {{ return(dbt_duckdb_delta.root()) }}
{% endmacro %}
