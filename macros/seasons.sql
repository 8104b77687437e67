{#
  What the English title of a season has after that of its series, for regexp_matches and regexp_replace_all: ": Season 3",
  ": Part II", ": Limited Series", ": Season 15: Colorado". A colon alone makes no season: it may belong to the name
  ("Queen Charlotte: A Bridgerton Story").

  Example: {{ regexp_replace_all("english_title", season_of_title(), "") }} as show_title
#}
{% macro season_of_title() -%}
  {%- set words = "Season|Series|Part|Volume|Vol[.]|Collection|Chapters?|Book|Staffel|Temporada" -%}
  {%- set numbers = "[0-9]+|[IVXl]+|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten" -%}
  {{- return(
      ": ((The )?(Final )?((" ~ words ~ ") ?(" ~ numbers ~ ")([^0-9A-Za-z].*)?|Season)"
      ~ "|Limited Series|Miniseries|The Series|Collection)$"
  ) -}}
{%- endmacro %}


{#
  The script that a title is written in, as `script` in seed_countries has it for the films of a country: Latin where it has
  no letters of another one. A Japanese title may be all Han.

  Example: {{ script_of("original_title") }} as script
#}
{% macro script_of(text) -%}
  {%- set ranges = {
      "Hangul": "\\x{1100}-\\x{11FF}\\x{AC00}-\\x{D7A3}",
      "Kana": "\\x{3040}-\\x{30FF}",
      "Han": "\\x{3400}-\\x{4DBF}\\x{4E00}-\\x{9FFF}",
      "Thai": "\\x{0E00}-\\x{0E7F}",
      "Indic": "\\x{0900}-\\x{0DFF}",
      "Arabic": "\\x{0600}-\\x{06FF}",
      "Hebrew": "\\x{0590}-\\x{05FF}",
      "Cyrillic": "\\x{0400}-\\x{04FF}",
      "Greek": "\\x{0370}-\\x{03FF}",
      "Other": "\\x{0530}-\\x{058F}\\x{0780}-\\x{07BF}\\x{10A0}-\\x{10FF}\\x{1780}-\\x{17FF}",
  } -%}
  case
        when {{ text }} is null then null
        when {{ is_ascii(text) }} then 'Latin'
        {%- for script, range in ranges.items() %}
        when {{ regexp_matches(text, "[" ~ range ~ "]") }} then '{{ script }}'
        {%- endfor %}
        else 'Latin'
    end
{%- endmacro %}


{#
  By how many minutes two lengths of one film may differ, by rounding and by how the credits are counted; those of two films
  mostly differ by more.
#}
{% macro minutes_apart() -%}{{ return(2) }}{%- endmacro %}


{#
  Whether a match with the catalogue is evidence, and not the name alone.

  strength: a column match_strength.

  Example: where {{ is_matched("dim_season.match_strength") }}
#}
{% macro is_matched(strength) -%}{{ strength }} in ('strong', 'fair'){%- endmacro %}
