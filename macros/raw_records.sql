{#
  The records of a raw table, with every column that models/sources.yml lists for it.

  A raw table holds the columns that its versions brought so far, and there is none before its first file was loaded:
  a column not seen yet is null here, and a table not there yet is empty. So all models build, whatever was loaded.

  Where it lists `_sheet`, the raw table is of workbooks, whose records have the sheet at the end of their _file_path: here the
  two stand apart, so that _file_path is the one of the ledger.

  records: source(...); any other relation is taken as it is.

  Example: select * from ({{ raw_records(source('raw', 'top10_global')) }}) as records

  Returns a query.
#}
{% macro raw_records(records) -%}
  {%- set all, more = [], [] -%}
  {%- set here = namespace(records=records) -%}
  {%- if execute -%}
    {%- for node in graph.get("sources", {}).values() if (node.schema, node.identifier) == (records.schema, records.identifier) -%}
      {%- set here.records = adapter.get_relation(node.database, node.schema, node.identifier) -%}
      {%- set held = columns_of(here.records) if here.records else [] -%}
      {%- set of_sheets = "_sheet" in node.columns and "_file_path" in held -%}
      {%- if of_sheets -%}
        {%- for name in held -%}
          {%- do all.append(regexp_replace_all("_file_path", "/[^/]*$", "") ~ " as _file_path" if name == "_file_path" else adapter.quote(name)) -%}
        {%- endfor -%}
        {%- do all.append(regexp_replace_all("_file_path", "^.*/", "") ~ " as _sheet") -%}
        {%- do held.append("_sheet") -%}
      {%- endif -%}
      {%- set known = held | map("lower") | list -%}
      {%- for column in node.columns.values() if column.name | lower not in known -%}
        {%- do more.append("cast(null as " ~ (column.data_type or dbt.type_string()) ~ ") as " ~ adapter.quote(column.name)) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
  select {{ ((all or ["*"] if here.records else []) + more) | join(", ") }}
  {%- if here.records %} from {{ here.records }}{% else %} where 1 = 0{% endif %}
{%- endmacro %}


{# The names of a relation's columns, by a query of no rows: dbt's own way runs a macro and makes a table of the result. #}
{% macro columns_of(relation) -%}
  {{ return(adapter.get_column_schema_from_query("select * from " ~ relation ~ " limit 0") | map(attribute="name") | list) }}
{%- endmacro %}
