{#
  Stop a build with one clear line where nothing was ingested yet. Runs before every build (dbt_project.yml).
  Without it, the first bronze model would fail with a message about a missing schema.
#}
{% macro require_raw_tables() %}
  {% if execute and flags.WHICH in ("build", "run") %}
    {% set found = [] %}
    {% for source in graph.sources.values() if adapter.get_relation(source.database, source.schema, source.identifier) %}
      {% do found.append(source.name) %}
    {% endfor %}
    {% if not found %}
      {% do exceptions.raise_compiler_error(
          "There are no raw tables under " ~ lake_root()
          ~ ". Load them first: python -m ingest (or make run)."
      ) %}
    {% endif %}
  {% endif %}
{% endmacro %}
