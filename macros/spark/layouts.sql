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


{#
  Whether the layouts that a history reads may have several files in all. Elsewhere than on Spark that is found out while the
  query runs. There it is asked before, as the steps by which one of several files has the say read all that is before them
  five times: as a rule there is one file, and without them three histories have memory enough at once on pysail.
#}
{% macro may_have_several_files(layouts) %}
  {{ return(adapter.dispatch("may_have_several_files")(layouts)) }}
{% endmacro %}


{% macro default__may_have_several_files(layouts) %}
  {{ return(true) }}
{% endmacro %}


{% macro spark__may_have_several_files(layouts) %}
  {% set paths = [] %}
  {% for layout in layouts %}
    {% set records = ref("silver_" ~ layout ~ "_records") %}
    {% if not execute or load_relation(records) is none %}
      {{ return(true) }}
    {% endif %}
    {% do paths.extend(run_query("select distinct _file_path from " ~ records).columns[0].values()) %}
  {% endfor %}
  {{ return(paths | unique | list | length > 1) }}
{% endmacro %}
