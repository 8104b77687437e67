{#
  The hint that a relation of a join is small, such as a list of file versions: Spark then gives it to every task,
  where it would bring all rows of one version to a single task. Stands right after `select`.

  relation: its name in the query.

  Example: select {{ broadcast("versions") }} records.* from records inner join versions on …
#}
{% macro broadcast(relation) -%}
  {{ return(adapter.dispatch("broadcast")(relation)) }}
{%- endmacro %}

{% macro default__broadcast(relation) -%}{%- endmacro %}

{% macro spark__broadcast(relation) -%}/*+ broadcast({{ relation }}) */{%- endmacro %}
