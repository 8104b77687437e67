{#
  The condition that a text is a word for nothing, such as "N/A", "Not Given" or "(unknown)": the one list for all feeds.
  Such a text is null from the typed records on, and the rules treat it as they treat a missing value.

  text: a text expression, which needs no cleaning before; null where it is null.
  kind: what the column holds, as words that are nothing in one are true in another.
    names    people, genres, countries, lists, ratings, descriptions: everything below
    titles   of films, shows and seasons. "Unknown" (2011) and "Missing" (2023) are films, and "?" is one: single English words
             that could be a title stay. What programs write (NULL, nan, #N/A) and what no title is called (Not Given) does not.
    codes    of countries: NA is Namibia
    values   numbers, dates, truth values: everything, and the NaT of pandas

  Case, what stands around the word (brackets, quotes, dots, dashes) and what stands between its parts does not matter.

  Example: case when not {{ is_nothing("title", "titles") }} then title end as title
#}
{% macro is_nothing(text, kind) -%}
  {%- set gap = "[\\s_\\x{A0}-]*" -%}
  {%- set spaces = "\\s\\x{A0}\\x{200B}\\x{2060}\\x{FEFF}" -%}
  {%- set around = "[" ~ spaces ~ "()\\x{5B}\\x{5D}{}<>\\x{22}\\x{27}\\x{60}\\x{2018}\\x{2019}\\x{201C}\\x{201D}.,:;!*#_-]*" -%}
  {%- set programs = [
      "null", "none", "nan", "t[.]?b[.]?[acd]", "n" ~ gap ~ "[./\\x{5C}]+" ~ gap ~ "a", "\\x{5C}+n",
      "#n/a n/a", "(ref|value|name|num|div/0)[!?]",
  ] -%}
  {%- set phrases = [
      "not (given|available|applicable|specified|provided|listed|stated)",
      "no (data|info|information|value|title|description|cast|directors?)",
      "unknown (title|cast|directors?)", "to be (announced|confirmed|determined|defined)",
  ] -%}
  {%- set english = [
      "unknown", "unavailable", "unspecified", "undisclosed", "undefined", "unnamed", "missing", "blank", "empty",
      "not (known|found|set|defined|entered|disclosed)", "no (name|actors?|country|countries|genres?|category|rating)",
      "unknown (name|actors?|country|genres?|category|rating|show)",
  ] -%}
  {%- set words = programs + phrases
      + ([] if kind == "titles" else english)
      + ([] if kind == "codes" else ["na"])
      + (["nat"] if kind == "values" else []) -%}
  {%- set signs = "\\x{2010}-\\x{2015}_-" if kind == "titles" else "\\x{2010}-\\x{2015}_.?*/\\x{5C}-" -%}
  {{ regexp_matches(text, "(?i)^(" ~ around ~ "(" ~ words | join("|") | replace(" ", gap) ~ ")" ~ around ~ "|[" ~ spaces ~ "]*[" ~ signs ~ "][" ~ spaces ~ signs ~ "]*)$") }}
{%- endmacro %}
