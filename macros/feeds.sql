{#
  The feeds, by the names that their models have in each layer: bronze_<feed>, silver_<feed>_records, silver_<feed>. Nothing
  else has a list of them: quarantine, reconciliation, results and states of versions read this one.

  source: its name in ingest/sources.yml. raw_table: the table it loads. key: the columns by which the silver model has one
  row. A feed with the week among them grows: the weeks that a later version of its file lacks stay. instead_of: the feed
  that has the same in another layout; while that one has an accepted version, no record of this one stands in silver.
  lists: columns of its records with lists of names, each by the feed that has one of these names in a record.
#}
{% macro declared_feeds() %}
  {{ return({
      "titles": {"source": "catalogue", "raw_table": "netflix_titles", "key": ["show_id"]},
      "cast": {"source": "catalogue", "raw_table": "netflix_cast", "key": ["show_id", "person_name"]},
      "categories": {"source": "catalogue", "raw_table": "netflix_category", "key": ["show_id", "genre_name"]},
      "countries": {"source": "catalogue", "raw_table": "netflix_countries", "key": ["show_id", "country_name"]},
      "directors": {"source": "catalogue", "raw_table": "netflix_directors", "key": ["show_id", "person_name"]},
      "top10_global": {"source": "top10", "raw_table": "top10_global", "key": ["week", "category", "weekly_rank"]},
      "top10_countries": {"source": "top10", "raw_table": "top10_countries", "key": ["country_iso2", "week", "category", "weekly_rank"]},
      "top10_most_popular": {"source": "top10", "raw_table": "top10_most_popular", "key": ["category", "popularity_rank"]},
      "engagement": {"source": "engagement", "raw_table": "engagement", "key": ["half_year", "section", "title", "runtime_written"]},
      "kaggle_titles": {"source": "kaggle", "raw_table": "kaggle_titles", "key": ["show_id"], "instead_of": "titles", "lists": {
          "cast": "cast_names", "directors": "director_names", "categories": "genre_names", "countries": "country_names",
      }},
  }) }}
{% endmacro %}


{# The names of the feeds of a source, or of all. #}
{% macro feeds(source=none) %}
  {% set found = [] %}
  {% for name, feed in declared_feeds().items() if source in (none, feed.source) %}{% do found.append(name) %}{% endfor %}
  {{ return(found) }}
{% endmacro %}


{# A feed, and after it those that have the same in another layout: in its place, or in lists. #}
{% macro layouts_of(feed) %}
  {% set found = [feed] %}
  {% for name, other in declared_feeds().items() if other.instead_of == feed or feed in other.get("lists", {}) %}
    {% do found.append(name) %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}


{# The columns of the key of a feed. #}
{% macro key_of(feed) %}{{ return(declared_feeds()[feed].key) }}{% endmacro %}


{# The silver model of the feed that a raw table is loaded for, as an expression; null where no feed reads the table. #}
{% macro model_of(raw_table) -%}
  case {{ raw_table }}
        {%- for name, feed in declared_feeds().items() %}
            when '{{ feed.raw_table }}' then 'silver_{{ name }}'
        {%- endfor %}
        end
{%- endmacro %}


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
