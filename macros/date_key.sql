{#
  The key of a day in dim_date: yyyymmdd as an integer, -1 (the unknown day) for null.

  day: a date expression.

  Example: {{ date_key("date_added") }} as date_added_key
#}
{% macro date_key(day) -%}
  coalesce(cast(extract(year from {{ day }}) * 10000 + extract(month from {{ day }}) * 100 + extract(day from {{ day }}) as integer), -1)
{%- endmacro %}
