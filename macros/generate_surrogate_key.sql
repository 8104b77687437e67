{#
  A surrogate key: the same parts give the same key in every run, on every engine.

  fields: a list of column names or expressions.

  Example: {{ generate_surrogate_key(["show_id"]) }} as title_key

  It has the name and the calling convention of the macro in dbt_utils, and like it tells null from empty text.
  It differs in what it returns: a bigint (the first 15 hexadecimal digits of the MD5) and not 32 characters, so
  that keys join faster and files stay small; two of 10 million keys collide with a probability of 1 in 20,000,
  and the uniqueness tests on the dimensions would show it. The parts are joined by the unit separator (U+001F)
  and not by a hyphen, which occurs in the data.
#}
{% macro generate_surrogate_key(fields) -%}
  {%- set parts = [] -%}
  {%- for field in fields -%}
    {%- do parts.append("coalesce(cast(" ~ field ~ " as " ~ dbt.type_string() ~ "), '_null_')") -%}
  {%- endfor -%}
  {{- hash_to_bigint(parts | join(" || chr(31) || ")) -}}
{%- endmacro %}
