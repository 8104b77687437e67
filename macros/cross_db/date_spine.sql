{#
  One row per day from one date to another, both included, in a column date_day; no row where a bound is null.

  bounds: a relation with one row and the columns first_day and last_day.

  Example: with bounds as (select min(d) as first_day, max(d) as last_day from t) {{ date_spine("bounds") }}
#}
{% macro date_spine(bounds) %}
  {{- return(adapter.dispatch("date_spine")(bounds)) -}}
{% endmacro %}

{% macro default__date_spine(bounds) -%}
  select cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as date_day
    from {{ bounds }}
{%- endmacro %}

{% macro spark__date_spine(bounds) -%}
  select explode(sequence(first_day, last_day, interval 1 day)) as date_day
    from {{ bounds }}
    where first_day is not null and last_day is not null
{%- endmacro %}
