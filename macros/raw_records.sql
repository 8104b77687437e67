{#
  The records of a raw table, with every column that models/sources.yml lists for it.

  A raw table holds the columns that its versions brought so far, and there is none before its first file was loaded:
  a column not seen yet is null here, and a table not there yet is empty. So all models build, whatever was loaded.

  records: source(...); any other relation is taken as it is.

  Example: select * from ({{ raw_records(source('raw', 'top10_global')) }}) as records

  Returns a query.
#}
{% macro raw_records(records) -%}
  {%- set more = [] -%}
  {%- set here = namespace(records=records) -%}
  {%- if execute -%}
    {%- for node in graph.get("sources", {}).values() if (node.schema, node.identifier) == (records.schema, records.identifier) -%}
      {%- set here.records = adapter.get_relation(node.database, node.schema, node.identifier) -%}
      {%- set held = adapter.get_columns_in_relation(here.records) | map(attribute="name") | list if here.records else [] -%}
      {%- for column in node.columns.values() if column.name not in held -%}
        {%- do more.append("cast(null as " ~ (column.data_type or dbt.type_string()) ~ ") as " ~ adapter.quote(column.name)) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
  select {{ ((["*"] if here.records else []) + more) | join(", ") }}
  {%- if here.records %} from {{ here.records }}{% else %} where 1 = 0{% endif %}
{%- endmacro %}
