{#
  A date from text written month/day/year, with or without leading zeros; null where the text is none.

  text: a text expression.

  Example: {{ parse_us_date("date_added") }}      9/9/2019 -> 2019-09-09, 2/30/2019 -> null, 9/9/19 -> null

  The shape is checked first: DuckDB would read 9/9/19 as a day in the year 19.
#}
{% macro parse_us_date(text) -%}
  case when {{ regexp_matches(text, "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$") }} then {{ adapter.dispatch("parse_us_date")(text) }} end
{%- endmacro %}

{% macro default__parse_us_date(text) -%}
  cast(try_strptime({{ text }}, '%m/%d/%Y') as date)
{%- endmacro %}

{% macro spark__parse_us_date(text) -%}
  cast(try_to_timestamp({{ text }}, 'M/d/yyyy') as date)
{%- endmacro %}
