{#
  A date from text written year-month-day; null where the text is none.

  text: a text expression.

  Example: {{ parse_iso_date("week") }}      2024-06-23 -> 2024-06-23, 2024-02-30 -> null, 23.6.2024 -> null
#}
{% macro parse_iso_date(text) -%}
  case when {{ regexp_matches(text, "^\\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\\s*$") }} then {{ adapter.dispatch("parse_iso_date")("trim(" ~ text ~ ")") }} end
{%- endmacro %}

{% macro default__parse_iso_date(text) -%}
  try_cast({{ text }} as date)
{%- endmacro %}
