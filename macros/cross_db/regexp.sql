{#
  Regular expressions, in the syntax that RE2 (DuckDB), Java (Spark) and Rust (Sail) share; a code point is
  written \x{200B}.

  text: a text expression.
  pattern, replacement: plain strings without quotes around them.

  Examples: {{ regexp_matches("show_id", "^[0-9]+$") }}
            {{ regexp_replace_all("person_name", "\\s+", " ") }}

  Spark reads the backslash in a string literal as an escape, DuckDB does not: spark__ doubles it.
#}
{% macro regexp_matches(text, pattern) %}
  {{- return(adapter.dispatch("regexp_matches")(text, pattern)) -}}
{% endmacro %}

{% macro default__regexp_matches(text, pattern) -%}
  regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__regexp_matches(text, pattern) -%}
  regexp_like({{ text }}, '{{ pattern | replace("\\", "\\\\") }}')
{%- endmacro %}


{# Every match of the pattern replaced; parameters as above. #}
{% macro regexp_replace_all(text, pattern, replacement) %}
  {{- return(adapter.dispatch("regexp_replace_all")(text, pattern, replacement)) -}}
{% endmacro %}

{% macro default__regexp_replace_all(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro spark__regexp_replace_all(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '{{ pattern | replace("\\", "\\\\") }}', '{{ replacement }}')
{%- endmacro %}
