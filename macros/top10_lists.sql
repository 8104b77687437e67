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
