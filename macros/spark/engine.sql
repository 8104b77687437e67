{#
  Whether the engine behind the target `spark` is that of the package pysail, whose version() is a bare number, and not
  Apache Spark or Databricks.
#}
{% macro on_pysail() %}
  {{ return(execute and " " not in (run_query("select version()").columns[0].values()[0] | string)) }}
{% endmacro %}
