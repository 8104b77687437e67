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
  {{- names_in_lists("kaggle_titles", feed, titles or ref("silver_kaggle_titles"), ["show_id"]) -}}
{%- endmacro %}


{#
  The names in the lists of records, each once for a record, at its first place.

  layout: the feed that has the lists. feed: the feed that has one of the names in a record. records: a relation with the
  column of the lists. columns: those of it that tell its records apart.

  Returns a query of the columns, the name, as the key of the feed calls it, and position, from 1.
#}
{% macro names_in_lists(layout, feed, records, columns) -%}
  {%- set name = key_of(feed)[1] -%}
  select
        {{ columns | join(", ") }},
        {{ name }},
        min(position) as position
    from (
        select
            {{ columns | join(", ") }},
            {{ clean_list_item("item") }} as {{ name }},
            position
        from ({{ split_list(records, columns, declared_feeds()[layout].lists[feed]) }}) as items
    ) as names
    where {{ name }} is not null
    group by {{ (columns + [name]) | join(", ") }}
{%- endmacro %}
