{# A model's schema is its layer (bronze, silver, gold), with no prefix: the folder below LAKEHOUSE_ROOT. #}
{% macro generate_schema_name(custom_schema_name, node) %}
  {{ return(custom_schema_name or target.schema) }}
{% endmacro %}
