{#
  A feed of the catalogue (titles, cast, categories, countries or directors), as `verdicts` and `kept_records` want it.

  Example: {{ kept_records(catalogue_feed("cast"), ref("silver_cast_verdicts")) }}
#}
{% macro catalogue_feed(name) %}
  {% set feed = {
      "titles": {
          "typed": typed_titles,
          "key": ["show_id"],
          "content": [
              "type", "title", "description", "rating", "duration_minutes", "duration_seasons", "release_year",
              "date_added", "_untyped_values",
          ],
          "continues": "_continues",
      },
      "cast": {"typed": typed_cast, "key": ["show_id", "person_name"]},
      "categories": {"typed": typed_categories, "key": ["show_id", "genre_name"]},
      "countries": {"typed": typed_countries, "key": ["show_id", "country_name"]},
      "directors": {"typed": typed_directors, "key": ["show_id", "person_name"]},
  }[name] %}
  {% do feed.update({"model": "silver_" ~ name, "records": ref("bronze_" ~ name)}) %}
  {{ return(feed) }}
{% endmacro %}


{#
  The body of the verdict model of a feed of the catalogue. It waits for all of the catalogue's records, so that a
  version of one file that violates a fail rule leaves what became of the others as it was, too.
#}
{% macro catalogue_verdicts(name) -%}
{{ after_all_records_of(feeds("catalogue")) }}
{{ verdicts(catalogue_feed(name)) }}
{%- endmacro %}


{#
  Titles, typed: text is trimmed, in NFC and null where empty, and records that the source broke over two lines are put
  together again. The first record of such a pair has what belongs to both; the second is marked by `_continues`.
  `_untyped_values` holds text that is no number or no date where the column asks for one, as `column: text`.

  records: a relation with bronze's columns.
#}
{% macro typed_titles(records) -%}
  {%- set fields = [
      "duration_minutes", "duration_seasons", "type", "title", "date_added", "release_year", "rating", "description",
      "show_id",
  ] %}
  {%- set is_whole = regexp_matches("show_id", "^[0-9]{1,18}$") ~ " and type in ('Movie', 'TV Show')" %}
  {%- set typed_fields = ["duration_minutes", "duration_seasons", "release_year", "date_added"] %}
  {%- set place = ["_file_path", "_file_version", "_committed_at", "_row_number"] %}
  with

    cleaned as (

        select
            {%- for field in fields %}
            {{ clean_text(field) }} as {{ field }},
            {%- endfor %}
            {{ place | join(", ") }}
        from {{ records }}

    ),

    rejoined as (

        {{ rejoin_split_records("cleaned", fields, is_whole) }}

    ),

    {#- A pair once for each of its records, to be found at the place of either. #}
    halves_of_pairs as (

        select *
        from rejoined
        cross join (select 0 as half union all select 1 as half) as halves

    ),

    whole as (

        select
            {%- for field in fields %}
            case when pairs.half = 0 then pairs.{{ field }} else cleaned.{{ field }} end as {{ field }},
            {%- endfor %}
            coalesce(pairs.half = 1, false) as _continues,
            {{ prefixed(place, "cleaned") }}
        from cleaned
        left join halves_of_pairs as pairs
            on {{ same(["_file_path", "_file_version"], "cleaned", "pairs") }} and cleaned._row_number = pairs._row_number + pairs.half

    ),

    typed as (

        select
            {{ parse_number("show_id", "bigint") }} as show_id,
            type,
            title,
            description,
            rating,
            {{ parse_number("duration_minutes", "integer") }} as duration_minutes,
            {{ parse_number("duration_seasons", "integer") }} as duration_seasons,
            {{ parse_number("release_year", "integer") }} as release_year,
            {{ parse_us_date("date_added") }} as date_added,
            {%- for field in typed_fields %}
            {{ field }} as {{ field }}_text,
            {%- endfor %}
            _continues,
            {{ place | join(", ") }}
        from whole

    )

    select
        show_id,

        type,
        title,
        description,
        rating,

        duration_minutes,
        duration_seasons,
        release_year,

        date_added,

        nullif(concat_ws(
            '; ',
            {%- for field in typed_fields %}
            case when {{ field }} is null then '{{ field }}: ' || {{ field }}_text end{{ ',' if not loop.last }}
            {%- endfor %}
        ), '') as _untyped_values,
        _continues,
        {{ place | join(", ") }}
    from typed
{%- endmacro %}


{# The lists of a title, typed: a number and a name out of a comma-separated list. records: as above. #}
{% macro typed_cast(records) -%}
  {{ typed_list(records, adapter.quote("cast"), "person_name") }}
{%- endmacro %}

{% macro typed_categories(records) -%}
  {{ typed_list(records, "listed_in", "genre_name") }}
{%- endmacro %}

{% macro typed_countries(records) -%}
  {{ typed_list(records, "country", "country_name") }}
{%- endmacro %}

{% macro typed_directors(records) -%}
  {{ typed_list(records, "director", "person_name") }}
{%- endmacro %}

{% macro typed_list(records, field, name) -%}
  select
            {{ parse_number("show_id", "bigint") }} as show_id,
            {{ clean_list_item(field) }} as {{ name }},
            _file_path,
            _file_version,
            _committed_at,
            _row_number
        from {{ records }}
{%- endmacro %}
