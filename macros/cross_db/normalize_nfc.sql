{#
  Unicode normalisation form C: letters and their accents as one character each where Unicode has one.

  text: a text expression.

  Example: {{ normalize_nfc("person_name") }}

  Spark SQL has no such function of its own: a session needs one registered under DuckDB's name, nfc_normalize
  (Python's unicodedata.normalize does it).
#}
{% macro normalize_nfc(text) %}
  {{- return(adapter.dispatch("normalize_nfc")(text)) -}}
{% endmacro %}

{% macro default__normalize_nfc(text) -%}
  nfc_normalize({{ text }})
{%- endmacro %}
