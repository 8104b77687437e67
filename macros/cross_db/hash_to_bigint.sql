{#
  The first 15 hexadecimal digits of the MD5 of a text's UTF-8 bytes, as a bigint (0 to 2^60 - 1).

  text: a text expression.

  Example: {{ hash_to_bigint("'Movie'") }}

  Fifteen digits and not sixteen: the number then fits a signed bigint on every engine. DuckDB's md5_number_upper
  would be shorter, but reads the bytes in the other order.
#}
{% macro hash_to_bigint(text) %}
  {{- return(adapter.dispatch("hash_to_bigint")(text)) -}}
{% endmacro %}

{% macro default__hash_to_bigint(text) -%}
  cast('0x' || substr(md5({{ text }}), 1, 15) as bigint)
{%- endmacro %}

{% macro spark__hash_to_bigint(text) -%}
  cast(conv(substr(md5({{ text }}), 1, 15), 16, 10) as bigint)
{%- endmacro %}
