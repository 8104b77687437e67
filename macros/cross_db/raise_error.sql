{#
  End the query with an error of one's own wording.

  text: a text expression.

  Example: where {{ raise_error("problem") }} is null
#}
{% macro raise_error(text) %}
  {{- return(adapter.dispatch("raise_error")(text)) -}}
{% endmacro %}

{% macro default__raise_error(text) -%}
  error({{ text }})
{%- endmacro %}

{% macro spark__raise_error(text) -%}
  raise_error({{ text }})
{%- endmacro %}
