{# The lists that a record of an edition holds, each by the feed that has a name in a record, as columns of silver_kaggle_titles. #}
{% macro lists_of_editions() %}
  {{ return({
      "cast": "cast_names",
      "directors": "director_names",
      "categories": "genre_names",
      "countries": "country_names",
  }) }}
{% endmacro %}


{#
  The names that the lists of an edition hold, in the terms of a feed that has one of them in a record: the current edition's
  titles with their people, genres or countries. No rows while the edition does not stand (`current_records`).

  feed: cast, directors, categories or countries. titles: the table silver_kaggle_titles, where it is not to be one of the
  nodes that dbt knows the caller by.

  Returns a query of the key of the feed and of position, from 1: the place of the name in its list, with the empty pieces
  counted. A name that a list has twice is there once, at its first place.

  Example: see models/silver/silver_cast.sql
#}
{% macro names_of_editions(feed, titles=none) -%}
  {%- set name = key_of(feed)[1] -%}
  {%- set list = lists_of_editions()[feed] -%}
  select
        show_id,
        {{ name }},
        min(position) as position
    from (
        select
            show_id,
            {{ clean_list_item("item") }} as {{ name }},
            position
        from ({{ split_list(titles or ref("silver_kaggle_titles"), ["show_id"], list) }}) as items
    ) as names
    where {{ name }} is not null
    group by show_id, {{ name }}
{%- endmacro %}
