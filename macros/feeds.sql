{#
  The feeds of a source, or of all, by the names that their models have in each layer: bronze_<feed>,
  silver_<feed>_records, silver_<feed>.
#}
{% macro feeds(source=none) %}
  {% set catalogue = ["titles", "cast", "categories", "countries", "directors"] %}
  {% set top10 = ["top10_global", "top10_countries", "top10_most_popular"] %}
  {{ return({"catalogue": catalogue, "top10": top10}[source] if source else catalogue + top10) }}
{% endmacro %}


{#
  The columns by which the silver model of a feed has one row. A feed with the week among them grows: the weeks that a
  later version of its file lacks stay.
#}
{% macro key_of(feed) %}
  {{ return({
      "titles": ["show_id"],
      "cast": ["show_id", "person_name"],
      "categories": ["show_id", "genre_name"],
      "countries": ["show_id", "country_name"],
      "directors": ["show_id", "person_name"],
      "top10_global": ["week", "category", "weekly_rank"],
      "top10_countries": ["country_iso2", "week", "category", "weekly_rank"],
      "top10_most_popular": ["category", "popularity_rank"],
  }[feed]) }}
{% endmacro %}


{#
  A comment by which dbt builds a model after the bronze models of a source. The records of a feed wait for them, so that
  a version of one file that violates a fail rule leaves what stands in silver of the others as it was, too.
#}
{% macro after_bronze_of(source) -%}
-- depends_on: {% for feed in feeds(source) %}{{ ref("bronze_" ~ feed) }} {% endfor %}
{%- endmacro %}


{#
  The judged records of all feeds that meet a condition, with the silver model they are for: an import CTE of the models
  about data quality.
#}
{% macro records_of_all_feeds(condition) -%}
  {%- for feed in feeds() %}
    select
        'silver_{{ feed }}' as model,
        _rules,
        _record,
        _file_path,
        _file_version,
        _row_number,
        _run_id
    from {{ ref("silver_" ~ feed ~ "_records") }}
    where {{ condition }}
    {{- "\n\n    union all\n" if not loop.last }}
  {%- endfor %}
{%- endmacro %}
