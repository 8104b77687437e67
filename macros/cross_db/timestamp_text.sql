{#
  A time in UTC as text down to the microsecond, the same on every engine: for keys made from a time.

  time: a timestamp expression.

  Example: {{ generate_surrogate_key(["show_id", timestamp_text("valid_from")]) }}
#}
{% macro timestamp_text(time) %}
  {{- return(adapter.dispatch("timestamp_text")(time)) -}}
{% endmacro %}

{% macro default__timestamp_text(time) -%}
  strftime({{ time }}, '%Y-%m-%d %H:%M:%S.%f')
{%- endmacro %}

{% macro spark__timestamp_text(time) -%}
  date_format({{ time }}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
{%- endmacro %}
