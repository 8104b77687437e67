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


{#
  A length in hours, or another number with decimals, from text; null where the text is none, and for 0.

  Example: {{ parse_hours("runtime") }} as runtime_hours
#}
{% macro parse_hours(text) -%}
  nullif(cast(case when {{ regexp_matches(text, "^\\s*[0-9]{1,5}([.][0-9]{1,9})?\\s*$") }} then {{ text }} end as double), 0)
{%- endmacro %}


{#
  The records of a weekly list that count: those of a week come from the version that was committed last of all that
  have the week. So a week that a later file no longer has stays, and one that it restates is replaced as a whole.

  records: the bronze table.

  Returns a query. A record without a readable week is not in it.
#}
{% macro weekly_records(records) -%}
  select records.*
    from {{ records }} as records
    inner join (
        select
            _file_path,
            _file_version,
            {{ parse_iso_date("week") }} as week_day,
            row_number() over (
                partition by {{ parse_iso_date("week") }} order by _committed_at desc, _file_version desc
            ) as recency
        from {{ records }}
        group by _file_path, _file_version, _committed_at, {{ parse_iso_date("week") }}
    ) as versions
        on
            records._file_path = versions._file_path
            and records._file_version = versions._file_version
            and {{ parse_iso_date("records.week") }} = versions.week_day
            and versions.recency = 1
{%- endmacro %}
