{#
  A bronze record as JSON text: the fields of the file and what was rescued, without those that are null and without
  the columns about the load. A column that a later version brings therefore changes nothing about older records.

  records: alias of a bronze table in the query, which no column of the table may have: ingest gives none the name
  `_bronze_record`.

  Example: {{ record_as_json("_bronze_record") }} as record
#}
{% macro record_as_json(records) %}
  {{- return(adapter.dispatch("record_as_json")(records)) -}}
{% endmacro %}

{% macro lineage_columns() %}
  {{ return(["_source", "_file_path", "_file_sha", "_file_version", "_commit_sha", "_committed_at", "_batch_id", "_ingested_at", "_row_number"]) }}
{% endmacro %}

{# By RFC 7396, a null in a merge patch removes the field. #}
{% macro default__record_as_json(records) -%}
  cast(json_merge_patch('{}', json_merge_patch(to_json({{ records }}), '{ {%- for column in lineage_columns() %}"{{ column }}": null{{ ", " if not loop.last }}{% endfor -%} }')) as varchar)
{%- endmacro %}

{#
  pysail knows no `* except (…)` inside an expression, and a unit test's fixture has no columns to look up: so the fields
  are cut out of the text. A quote inside a value is escaped, so that none can look like such a field.
#}
{% macro spark__record_as_json(records) -%}
  {%- set field = '"(' ~ lineage_columns() | join("|") ~ ')":("[^"\\\\]*(\\\\.[^"\\\\]*)*"|[0-9]+)' -%}
  {{ regexp_replace_all(regexp_replace_all("to_json(struct(" ~ records ~ ".*))", "," ~ field, ""), "^[{]" ~ field ~ ",?", "{") }}
{%- endmacro %}
