{#
  A day from text. What the feed writes is tried first; what spreadsheets and programs make of it only where that fails:
    2019-09-09, 2019/9/9       year, month, day; no other order begins with the year
    9/9/2019, 25.9.2021        in the one order of the version (day_first_versions)
    September 9, 2019, 9 Sep 2019, 9-Sep-2019
    each of them with midnight behind it: 2019-09-09 00:00:00, 2019-09-09T00:00:00Z, 9/9/2019 12:00:00 AM
  and with invisible characters around it, such as a byte-order mark. Null for everything else: days that do not exist,
  years of two digits, other times of day, serial numbers.

  text: a text expression that clean_text has been over. written: how the feed writes its days, "us" (9/25/2021) or "iso".
  day_first: a condition that the version writes the day before the month.

  Example: {{ parse_date("date_added", "us", "day_first_versions._file_version is not null") }} as date_added
#}
{% macro parse_date(text, written, day_first) -%}
  coalesce(
    {% if written == "us" -%}
    case when not {{ day_first }} then {{ parse_us_date(text) }} end
    {%- else -%}
    {{ parse_iso_date(text) }}
    {%- endif %},
    case when {{ text }} is not null then {{ date_written_otherwise(text, day_first) }} end
  )
{%- endmacro %}


{#
  The versions of files in which the day stands before the month. A number over 12 can only be the day, so it tells the
  order: the feed's own, with the month first, holds unless some date of the version has such a number in the first
  place and none has one in the second. A version that has both keeps the feed's order, and the dates of the other one are
  unreadable. Where no number is over 12, both orders fit, and the feed's own holds.

  records: a query of all records of the versions. column: their dates, as the file has them.

  Returns a query of _file_path and _file_version.

  Example: see models/silver/records/silver_titles_records.sql
#}
{% macro day_first_versions(records, column) -%}
  {%- set day, month, split = "(1[3-9]|2[0-9]|3[01])", "(0?[1-9]|1[0-2])", "[/.-]" -%}
  {%- set start = "^[\\s\\x{A0}\\x{200B}\\x{2060}\\x{FEFF}]*" -%}
  select
        _file_path,
        _file_version
    from ({{ records }}) as records
    group by _file_path, _file_version
    having
        max(case when {{ regexp_matches(column, start ~ day ~ split ~ month ~ split ~ "[0-9]{4}") }} then 1 else 0 end) = 1
        and max(case when {{ regexp_matches(column, start ~ month ~ split ~ day ~ split ~ "[0-9]{4}") }} then 1 else 0 end) = 0
{%- endmacro %}


{#
  The second half of parse_date. Signs are taken apart without regular expressions where that will do: each is compiled for
  every query that has it, even where no date is written otherwise.
#}
{% macro date_written_otherwise(text, day_first) -%}
  {%- set invisible = "\u200b\u2060\ufeff" -%}
  {%- set midnight = "([T ]+(0?0:00(:00([.]0+)?)?( ?(Z|UTC|[+]00:?00))?|12:00(:00)? ?[Aa][Mm]))?[" ~ invisible ~ "]*$" -%}
  {%- set start = "^[" ~ invisible ~ "]*" -%}
  {%- set month = "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)" -%}
  {%- set numbers = "split_part(translate(" ~ text ~ ", '.-T" ~ invisible ~ "', '// '), ' ', 1)" -%}
  {%- set words = regexp_replace_all("translate(" ~ text ~ ", '" ~ invisible ~ "', '')", "[^0-9A-Za-z]+", "/") -%}
  {%- set number, word = [], [] -%}
  {%- for at in [1, 2, 3] -%}
    {%- do number.append("split_part(" ~ numbers ~ ", '/', " ~ at ~ ")") -%}
    {%- do word.append("split_part(" ~ words ~ ", '/', " ~ at ~ ")") -%}
  {%- endfor -%}
  case
        when {{ regexp_matches(text, start ~ "[0-9]{4}[/.-][0-9]{1,2}[/.-][0-9]{1,2}" ~ midnight) }}
            then {{ date_of(number[0], number[1], number[2]) }}
        when {{ regexp_matches(text, start ~ "[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}" ~ midnight) }}
            then case
                when {{ day_first }} then {{ date_of(number[2], number[1], number[0]) }}
                else {{ date_of(number[2], number[0], number[1]) }}
            end
        when {{ regexp_matches(text, "(?i)" ~ start ~ month ~ "[.]?[ -]+[0-9]{1,2}[, -]+[0-9]{4}" ~ midnight) }}
            then {{ date_of(word[2], month_number(word[0]), word[1]) }}
        when {{ regexp_matches(text, "(?i)" ~ start ~ "[0-9]{1,2}[. -]+" ~ month ~ "[., -]+[0-9]{4}" ~ midnight) }}
            then {{ date_of(word[2], month_number(word[1]), word[0]) }}
    end
{%- endmacro %}


{# A date from the texts of its parts; null where there is no such day. #}
{% macro date_of(year, month, day) -%}
  try_cast({{ year }} || '-' || lpad({{ month }}, 2, '0') || '-' || lpad({{ day }}, 2, '0') as date)
{%- endmacro %}


{# The number of a month as text, from the first three letters of its English name. #}
{% macro month_number(name) -%}
  cast(cast((instr('janfebmaraprmayjunjulaugsepoctnovdec', lower(substr({{ name }}, 1, 3))) + 2) / 3 as integer) as {{ dbt.type_string() }})
{%- endmacro %}


{#
  The last day of a week of a list; null where no list can have been of that week, so that the day is wrong: it comes after
  the day of the commit, when nobody has watched that week yet, or before the first lists.

  Example: {{ week_of_a_list("week") }} as week
#}
{% macro week_of_a_list(week) -%}
  case when {{ week }} between cast('2021-07-04' as date) and cast(_committed_at as date) then {{ week }} end
{%- endmacro %}
