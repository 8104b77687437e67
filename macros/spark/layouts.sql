{#
  The layouts of a feed (`layouts_of`) that a history reads. On Spark those that have records, as a rule one: a query reads a
  CTE again wherever it is named, and with two layouts the plan of a history grows to three times its size, more than pysail
  has memory for. Both where their tables are not there yet.
#}
{% macro layouts_with_records(feed) %}
  {{ return(adapter.dispatch("layouts_with_records")(feed)) }}
{% endmacro %}


{% macro default__layouts_with_records(feed) %}
  {{ return(layouts_of(feed)) }}
{% endmacro %}


{% macro spark__layouts_with_records(feed) %}
  {% set found = [] %}
  {% for layout in layouts_of(feed) %}
    {% set records = ref("silver_" ~ layout ~ "_records") %}
    {% if not execute or load_relation(records) is none or run_query("select 1 from " ~ records ~ " limit 1").rows %}
      {% do found.append(layout) %}
    {% endif %}
  {% endfor %}
  {{ return(found or layouts_of(feed)[:1]) }}
{% endmacro %}
