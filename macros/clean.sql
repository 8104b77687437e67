{#
  A text field as silver holds it: in NFC, without white space at its ends, null where nothing is left.

  text: a text expression. commas: whether commas go from the ends too.
  holds: what the column holds, in the terms of `is_nothing`; words for nothing are then null as well.

  Example: {{ clean_text("show_title", holds="titles") }} as show_title

  Most text is plain ASCII with nothing to take off, which takes a third of the time to see.
#}
{% macro clean_text(text, commas=false, holds=none) -%}
  {%- set edge = "[!-+\\x{2D}-~]" if commas else "[!-~]" -%}
  case
    {%- if holds %}
    when {{ is_nothing(text, holds) }} then null
    {%- endif %}
    when {{ regexp_matches(text, "^" ~ edge ~ "[ -~]*" ~ edge ~ "$") }} then {{ text }}
    {#- not nullif(…, ''), for which DuckDB works its first argument out twice #}
    when {{ regexp_matches(text, "[^ \\t\\r\\n\\x{A0}" ~ ("," if commas else "") ~ "]") }}
      then trim(both ' {{ "\t\r\n\u00a0" ~ ("," if commas else "") }}' from {{ normalize_nfc(text) }})
  end
{%- endmacro %}


{#
  clean_text for a name that upstream split out of a comma-separated list: a comma left at an end separated
  names and is part of none ("Poland," is Poland).

  text: a text expression.

  Example: {{ clean_list_item("country") }} as country_name
#}
{% macro clean_list_item(text) -%}
  {{ clean_text(text, commas=true, holds="names") }}
{%- endmacro %}


{#
  A whole number without sign from text; null where the text is none or has more digits than the type holds.

  text: a text expression, which needs no cleaning before. type: integer or bigint.

  Example: {{ parse_number("release_year", "integer") }} as release_year

  What spreadsheets and programs make of a whole number is read where it can be nothing else:
    90.0, 90.00, 2019.0000           no decimals but zeros; three of them could be thousands (90.000) and are not read
    28,200,000, 28 200 000           thousands set apart by commas, spaces or apostrophes, and 1,234.00
    1234 with invisible characters around it, such as a byte-order mark
  Not 1.234, which is 1234 in one country and no whole number in another, not 90.5, and not 8.11E+07, which spreadsheets
  write after they have dropped digits.

  The shape is checked because engines differ in what their casts let pass ('9.7', '1e3').
#}
{% macro parse_number(text, type) -%}
  {%- set digits = {"integer": 9, "bigint": 18}[type] -%}
  {%- set groups = digits // 3 - 1 -%}
  {%- set around = "[\\s\\x{A0}\\x{200B}\\x{2060}\\x{FEFF}]*" -%}
  {%- set otherwise -%}
    ([0-9]{1,{{ digits }}}([.](00?|0{4,})?)?
    {%- for mark in [",", "[ \\x{A0}\\x{2009}\\x{202F}]", "[\\x{27}\\x{2019}]"] -%}
    |[0-9]{1,3}({{ mark }}[0-9]{3}){1,{{ groups }}}([.]0+)?
    {%- endfor -%}
    )
  {%- endset -%}
  cast(case
    when {{ regexp_matches(text, "^\\s*[0-9]{1," ~ digits ~ "}\\s*$") }} then {{ text }}
    when {{ text }} is null then null
    when {{ regexp_matches(text, "^" ~ around ~ otherwise ~ around ~ "$") }}
      then {{ regexp_replace_all(regexp_replace_all(text, "[.]0*[^0-9]*$", ""), "[^0-9]+", "") }}
  end as {{ type }})
{%- endmacro %}


{#
  A truth value from text, as feeds, spreadsheets and programs write it; null where the text is none.

  Example: {{ parse_boolean("is_staggered_launch_text") }} as is_staggered_launch
#}
{% macro parse_boolean(text) -%}
  case
    when lower({{ text }}) in ('true', 't', 'yes', 'y', '1', '1.0') then true
    when lower({{ text }}) in ('false', 'f', 'no', 'n', '0', '0.0') then false
  end
{%- endmacro %}


{#
  What two spellings of a person's name have in common when they mean the same person: NFC, lower case, runs of
  white space as one space, none at the ends, no zero-width characters. Null where nothing is left.

  name: a text expression that clean_text has been over.

  Example: {{ generate_surrogate_key([normalize_name("person_name")]) }} as person_key

  Nine names in ten are plain ASCII with single spaces, for which lower() alone gives the same in a tenth of the
  time. Lower case is written out for the two letters on which engines disagree: the capital I with a dot, and
  the sigma at the end of a word.
#}
{% macro normalize_name(name) -%}
  {%- set invisible = "\\x{200B}-\\x{200F}\\x{2060}-\\x{2064}\\x{FEFF}" -%}
  {%- set space = "\\s\\x{0085}\\x{00A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}" -%}
  {%- set spaced = regexp_replace_all(regexp_replace_all(name, "[" ~ invisible ~ "]+", ""), "[" ~ space ~ "]+", " ") -%}
  case
    when not {{ regexp_matches(name, "[^ -~]|  ") }} then lower({{ name }})
    when {{ regexp_matches(name, "[^" ~ invisible ~ space ~ "]") }}
      then trim(replace(lower(replace({{ normalize_nfc(spaced) }}, 'İ', 'i̇')), 'ς', 'σ'))
  end
{%- endmacro %}


{#
  A number without sign from text, with or without decimals (a length in hours, a score); null where the text is none.

  Example: {{ parse_decimal("runtime") }} as runtime_hours
#}
{% macro parse_decimal(text) -%}
  cast(case when {{ regexp_matches(text, "^\\s*[0-9]{1,5}([.][0-9]{1,9})?\\s*$") }} then {{ text }} end as double)
{%- endmacro %}


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
