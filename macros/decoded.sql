{#
  The condition that a text, if there is one, shows no sign of having been read in a wrong encoding. Wrong letters are
  flagged and not mended.

  columns: a list of text columns.

  Example: {{ is_decoded(["title", "description"]) }}

  What gives it away:
    the replacement character, or a control character of ISO 8859-1
    UTF-8 that was read as cp1252, ISO 8859-1 or a sibling of theirs: a letter that stands for the first byte of a
      character, and signs that stand for the rest of it ("Ã©", "Å‚", "Ä±", "â€™", "ï»¿", and "ã©" after lower()). Signs that
      may follow a letter in true text, such as quotation marks, dashes and nonbreaking spaces, count only where a true
      one cannot stand: "Ã–l", not "NGÃ–"
    UTF-8 that was read as Cyrillic, or as the letters of the Macintosh or of DOS ("Г©", "√©", "├⌐")
    a question mark between letters, where the letter was in no code page ("K?rm?z?"), but for the query of a URL; one
      before a word; nothing but question marks, and more than one
    an escape sequence that nobody read ("&#x27;", "&amp;", "\u00e9", "\xe9")
#}
{% macro is_decoded(columns) -%}
  {%- set sign = "\\x{80}-\\x{9F}¡-ª¬\\x{AD}¯-¶¸-º¼-¿€‚ƒ„†‡ˆ‰‹•˜›" -%}
  {%- set sign_of_text = "\\x{A0}«®·»‘’“”–—…™ŠŒŽšœžŸ" -%}
  {#- Ranges and not \p{L}: its hundreds of pieces take 30 ms for every expression that has it, however few records there are. -#}
  {%- set letter = "A-Za-z\\x{C0}-\\x{1FFF}\\x{3040}-\\x{D7FF}" -%}
  {%- set wrong = [
      "[\\x{80}-\\x{9F}\\x{FFFD}\\x{2500}-\\x{257F}]",
      "[Â-ÖØ-ßĂĹГâãäåîïð][" ~ sign ~ "]",
      "[à-ï]([" ~ sign ~ "][" ~ sign_of_text ~ sign ~ "]|[" ~ sign_of_text ~ "][" ~ sign ~ "])",
      "[ÂÃÄÅĂĹ][" ~ sign_of_text ~ "][" ~ letter ~ "]",
      "(^|[^A-ZÀ-Þ])[ÂÃÄÅĂĹ][" ~ sign_of_text ~ "]",
      "(^| )[ÂÃ]( |$)",
      "ðŸ|ğŸ|вЂ|‚Ä|ΓÇ|[√≈][^\\s0-9]",
      "[" ~ letter ~ "][?][" ~ letter ~ "][" ~ letter ~ "0-9_]*([^" ~ letter ~ "0-9_=]|$)",
      "(^|\\s)[?][" ~ letter ~ "]",
      "^[?][?\\s]*[?]$",
      "&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}[0-9]?);",
      "\\x{5C}(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})",
  ] -%}
  {%- for column in columns -%}
  case
    when {{ is_ascii(column) }} and {{ column }} not like '%?%' and {{ column }} not like '%&%;%' and instr({{ column }}, chr(92)) = 0
      then true
    else not coalesce({{ regexp_matches(column, wrong | join("|")) }}, false)
  end
  {{- " and " if not loop.last }}
  {%- endfor %}
{%- endmacro %}
