{#
  What two spellings of a title have in common when they mean the same title: normalize_name, without apostrophes,
  "&" as "and", and any other run of characters that are neither letters nor digits as one space. A title without any
  letter or digit stays as it is.

  title: a text expression that clean_text has been over.

  Example: {{ normalize_title("title") }} as normalized_title      "Marvel’s  M.O.D.O.K." -> "marvels m o d o k"

  With the type it makes the key of a show, by which the Top 10 lists and the catalogue are matched:
    {{ generate_surrogate_key(["normalized_title", "type"]) }} as show_key
#}
{% macro normalize_title(title) -%}
  {%- set joined = regexp_replace_all(normalize_name(title), "[\\x{27}\\x{60}\\x{B4}\\x{2018}\\x{2019}]+", "") -%}
  coalesce(nullif(trim({{ regexp_replace_all("replace(" ~ joined ~ ", '&', ' and ')", "[^\\p{L}\\p{M}\\p{N}]+", " ") }}), ''), {{ title }})
{%- endmacro %}


{# The catalogue's type of the shows in a list: Movie, TV Show, or Unknown for a list of another name. #}
{% macro top10_type(category) -%}
  case when {{ category }} like 'Films%' then 'Movie' when {{ category }} like 'TV%' then 'TV Show' else 'Unknown' end
{%- endmacro %}


{# The language that a list is for: English, Non-English, All, or Unknown for a list of another name. #}
{% macro top10_language(category) -%}
  case
    when {{ category }} like '%(English)' then 'English'
    when {{ category }} like '%(Non-English)' then 'Non-English'
    when {{ category }} in ('Films', 'TV') then 'All'
    else 'Unknown'
  end
{%- endmacro %}


{#
  A length in hours from text, with or without decimals; null where the text is none.

  Example: {{ parse_hours("runtime") }} as runtime_hours
#}
{% macro parse_hours(text) -%}
  cast(case when {{ regexp_matches(text, "^\\s*[0-9]{1,5}([.][0-9]{1,9})?\\s*$") }} then {{ text }} end as double)
{%- endmacro %}


{#
  A feed of the Top 10 lists (global, countries or most_popular), as `verdicts` and `records_of` want it.

  For columns that not every version of the file has (`values_before`):
    fields    the names that the column has had in the file
    by        the column without which its value means nothing

  Example: {{ kept_records(top10_feed("most_popular"), ref("silver_top10_most_popular_verdicts")) }}
#}
{% macro top10_feed(name) %}
  {% set feed = {
      "global": {
          "typed": typed_top10_global,
          "key": ["week", "category", "weekly_rank"],
          "content": [
              "show_title", "season_title", "episode_launch_details", "weekly_hours_viewed", "weekly_views",
              "runtime_hours", "cumulative_weeks_in_top_10", "is_staggered_launch", "_untyped_values",
          ],
          "fields": {
              "episode_launch_details": ["episode_launch_details", "episode_launch_dtls"],
              "weekly_views": ["weekly_views"],
              "runtime_hours": ["runtime"],
              "is_staggered_launch": ["is_staggered_launch"],
          },
          "by": {"weekly_views": "weekly_hours_viewed"},
      },
      "countries": {
          "typed": typed_top10_countries,
          "key": ["country_iso2", "week", "category", "weekly_rank"],
          "content": ["country_name", "show_title", "season_title", "cumulative_weeks_in_top_10", "_untyped_values"],
      },
      "most_popular": {
          "typed": typed_top10_most_popular,
          "key": ["category", "popularity_rank"],
          "content": [
              "show_title", "season_title", "hours_viewed", "window_days", "views", "runtime_hours", "_untyped_values",
          ],
      },
  }[name] %}
  {% do feed.update({"weekly": "week" in feed.key, "model": "silver_top10_" ~ name, "records": ref("bronze_top10_" ~ name)}) %}
  {{ return(feed) }}
{% endmacro %}


{# The body of the verdict model of a feed of the Top 10 lists; it waits for all of them, as the catalogue's do. #}
{% macro top10_verdicts(name) -%}
{{ after_all_records_of(feeds("top10")) }}
{{ verdicts(top10_feed(name)) }}
{%- endmacro %}


{#
  The lists, typed: text is trimmed, in NFC and null where empty or N/A; `_untyped_values` holds text that is no number,
  date or truth value where the column asks for one, as `column: text`. records: a relation with bronze's columns.
#}
{% macro typed_top10_global(records) -%}
  {{ typed_top10(records, [
      ("week", "week", parse_iso_date),
      ("category", "category", none),
      ("weekly_rank", "weekly_rank", parse_integer),
      ("show_title", "show_title", none),
      ("season_title", "season_title", none),
      ("episode_launch_details", ["episode_launch_details", "episode_launch_dtls"], none),
      ("weekly_hours_viewed", "weekly_hours_viewed", parse_bigint),
      ("weekly_views", "weekly_views", parse_bigint),
      ("runtime_hours", "runtime", parse_hours),
      ("cumulative_weeks_in_top_10", "cumulative_weeks_in_top_10", parse_integer),
      ("is_staggered_launch", "is_staggered_launch", parse_truth),
  ]) }}
{%- endmacro %}

{% macro typed_top10_countries(records) -%}
  {{ typed_top10(records, [
      ("country_iso2", "country_iso2", none),
      ("week", "week", parse_iso_date),
      ("category", "category", none),
      ("weekly_rank", "weekly_rank", parse_integer),
      ("country_name", "country_name", none),
      ("show_title", "show_title", none),
      ("season_title", "season_title", none),
      ("cumulative_weeks_in_top_10", "cumulative_weeks_in_top_10", parse_integer),
  ]) }}
{%- endmacro %}

{#- The column of hours was renamed when the lists went over from 28 days to 91; window_days says which it is. -#}
{% macro typed_top10_most_popular(records) -%}
  select
            category,
            popularity_rank,
            show_title,
            season_title,
            coalesce(hours_91, hours_28) as hours_viewed,
            cast(case when hours_91 is not null then 91 when hours_28 is not null then 28 end as integer) as window_days,
            views,
            runtime_hours,
            _untyped_values,
            _file_path,
            _file_version,
            _committed_at,
            _row_number
        from ({{ typed_top10(records, [
            ("category", "category", none),
            ("popularity_rank", "rank", parse_integer),
            ("show_title", "show_title", none),
            ("season_title", "season_title", none),
            ("hours_28", "hours_viewed_first_28_days", parse_bigint),
            ("hours_91", "hours_viewed_first_91_days", parse_bigint),
            ("views", "views_first_91_days", parse_bigint),
            ("runtime_hours", "runtime", parse_hours),
        ]) }}) as lists
{%- endmacro %}

{#
  columns: tuples of the column's name, the field's name (or a list of the names that it has had), and the macro that
  reads the text (none: it stays text).
#}
{% macro typed_top10(records, columns) -%}
  select
            {%- for column, field, parse in columns %}
            {%- set value = parse(column ~ "_text") if parse else column ~ "_text" %}
            {#- a length of 0 stands for none: episodes were launched at different times #}
            {{ "nullif(" ~ value ~ ", 0)" if parse == parse_hours else value }} as {{ column }},
            {%- endfor %}
            nullif(concat_ws(
                '; '
                {%- for column, field, parse in columns if parse %},
                case when {{ column }}_text is not null and {{ parse(column ~ "_text") }} is null then '{{ field }}: ' || {{ column }}_text end
                {%- endfor %}
            ), '') as _untyped_values,
            _file_path,
            _file_version,
            _committed_at,
            _row_number
        from (
            select
                {%- for column, field, parse in columns %}
                {%- set texts = [] %}
                {%- for name in ([field] if field is string else field) %}
                {%- do texts.append("nullif(" ~ clean_text(adapter.quote(name)) ~ ", 'N/A')") %}
                {%- endfor %}
                {{ "coalesce(" ~ texts | join(", ") ~ ")" if texts | length > 1 else texts[0] }} as {{ column }}_text,
                {%- endfor %}
                _file_path,
                _file_version,
                _committed_at,
                _row_number
            from {{ records }}
        ) as texts
{%- endmacro %}

{% macro parse_integer(text) -%}{{ parse_number(text, "integer") }}{%- endmacro %}

{% macro parse_bigint(text) -%}{{ parse_number(text, "bigint") }}{%- endmacro %}

{% macro parse_truth(text) -%}case lower({{ text }}) when 'true' then true when 'false' then false end{%- endmacro %}


{#
  Which version the rows of each week come from, for every file of the feed: of all versions in which a record of the
  week was kept, the one that the source committed last. So a week that a later version no longer has stays, and one
  that it restates is replaced as a whole.

  feed: a weekly feed. verdicts: the verdict model, as ref(...).

  Returns a query with week and the version's columns, one row per week and file.
#}
{% macro versions_of_weeks(feed, verdicts) -%}
  select week, {{ version_columns() | join(", ") }}
    from (
        select
            *,
            {{ recency(["week"]) }} as recency
        from ({{ weeks_of_versions(feed, verdicts) }}) as weeks_of_versions
    ) as ranked
    where recency = 1
{%- endmacro %}


{# The weeks of which a version keeps a record: a query with week, the version's columns and _committed_at. #}
{% macro weeks_of_versions(feed, verdicts) -%}
  select distinct
            {{ parse_iso_date("records.week") }} as week,
            {{ prefixed(version_columns(), "records") }},
            records._committed_at
        from {{ feed.records }} as records
        inner join ({{ sound_versions(verdicts) }}) as sound_versions
            on {{ same(version_columns(), "records", "sound_versions") }}
        left join (
            select {{ version_columns() | join(", ") }}, _row_number
            from {{ verdicts }}
            where verdict = 'quarantined'
        ) as quarantined
            on {{ same(version_columns() + ["_row_number"], "records", "quarantined") }}
        where quarantined._row_number is null
{%- endmacro %}


{#
  What a feed knew of the columns that the version of a week lacks altogether, because the source dropped them since: the
  values of the newest earlier version that has the column and the week. A version has a column where any of its records
  has it, be it empty; where the version of the week has it, nothing older counts.

  A value belongs to a show at a place: to use it where another show stands there now would be wrong.

  feed: a weekly feed with `fields`. verdicts: the verdict model, as ref(...).

  Returns a query with the file's columns, the feed's key, show_title, season_title, the columns of `fields`, and for
  those of `by`, what the other column was (weekly_hours_viewed_by_weekly_views). In a week none of whose columns was
  dropped, it has no rows.
#}
{% macro values_before(feed, verdicts) -%}
  {%- set columns = feed.fields.keys() | list -%}
  {%- set show = file_columns() + feed.key + ["show_title", "season_title"] -%}
  with

    versions as (

        select
            {%- for column in columns %}
            {%- set counts = [] %}
            {%- for field in feed.fields[column] %}{% do counts.append("count(" ~ adapter.quote(field) ~ ")") %}{% endfor %}
            {{ counts | join(" + ") }} > 0 as has_{{ column }},
            {%- endfor %}
            {{ version_columns() | join(", ") }}
        from {{ feed.records }}
        group by {{ version_columns() | join(", ") }}

    ),

    weeks as (

        select
            weeks_of_versions.week,
            {%- for column in columns %}
            versions.has_{{ column }},
            {%- endfor %}
            {{ prefixed(version_columns(), "weeks_of_versions") }},
            weeks_of_versions._committed_at
        from ({{ weeks_of_versions(feed, verdicts) }}) as weeks_of_versions
        inner join versions
            on {{ same(version_columns(), "weeks_of_versions", "versions") }}

    ),

    giving as (

        select
            week,
            {%- for column in columns %}
            has_{{ column }} and {{ recency(["week", "has_" ~ column]) }} = 1 as gives_{{ column }},
            {%- endfor %}
            {{ recency(["week"]) }} as recency,
            {{ version_columns() | join(", ") }}
        from weeks

    ),

    earlier as (

        select *
        from giving
        where recency > 1 and ({% for column in columns %}gives_{{ column }}{{ " or " if not loop.last }}{% endfor %})

    ),

    records as (

        {{ records_of(feed, verdicts, "select distinct " ~ version_columns() | join(", ") ~ " from earlier") }}

    )

    select
        {{ prefixed(show, "records") }},
        {%- for column in columns %}
        {%- if column in feed.by %}
        max(case when earlier.gives_{{ column }} then records.{{ feed.by[column] }} end) as {{ feed.by[column] }}_by_{{ column }},
        {%- endif %}
        max(case when earlier.gives_{{ column }} then records.{{ column }} end) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from records
    inner join earlier
        on {{ same(["week"] + version_columns(), "records", "earlier") }}
    group by {{ prefixed(show, "records") }}
{%- endmacro %}
