{#
  The items of a list that stands in a text, separated by commas: a row for each, as it is, with its place from 1.

  records: a relation. columns: those of it that go with each item. list: its text column; where that is null, there are no
  rows.

  Returns a query of the columns, item and position.

  Example: {{ split_list("titles", ["show_id"], "cast_names") }}      "Ana, Bo" -> "Ana", 1 and " Bo", 2
#}
{% macro split_list(records, columns, list) %}
  {{- return(adapter.dispatch("split_list")(records, columns, list)) -}}
{% endmacro %}

{% macro default__split_list(records, columns, list) -%}
  select
        {{ columns | join(", ") }},
        unnest(string_split({{ list }}, ',')) as item,
        unnest(generate_series(1, len(string_split({{ list }}, ',')))) as position
    from {{ records }}
    where {{ list }} is not null
{%- endmacro %}

{% macro spark__split_list(records, columns, list) -%}
  select
        {{ columns | join(", ") }},
        item,
        cast(place + 1 as bigint) as position
    from {{ records }}
    lateral view posexplode(split({{ list }}, ',')) items as place, item
    where {{ list }} is not null
{%- endmacro %}
