{#
  The half-year that the name of a file tells, as 2023H1; null where it tells none. The month stands after the year, as in
  ..._2023Jan-Jun.xlsx.

  path: a text expression.

  Example: {{ half_year_of("_file_path") }} as half_year
#}
{% macro half_year_of(path) -%}
  case
    {%- for month, half in {"Jan": "H1", "Jul": "H2"}.items() %}
    {%- set rest = "[ _.-]*" ~ month ~ "[^/]*$" %}
    when {{ regexp_matches(path, "20[0-9]{2}" ~ rest) }}
      then {{ dbt.right(regexp_replace_all(path, rest, ""), 4) }} || '{{ half }}'
    {%- endfor %}
  end
{%- endmacro %}


{#
  The number of the half-year of a day: that of the next half-year is one more.

  dates: a relation with the columns of dim_date.

  Example: {{ half_number("dim_date") }} as half_number
#}
{% macro half_number(dates) -%}2 * {{ dates }}.year + case when {{ dates }}.quarter > 2 then 1 else 0 end{%- endmacro %}
