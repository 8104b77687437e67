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
  The windows by which a place is seen beside others of its version, for a WINDOW clause: file_version; weeks_of_show, the
  weeks of a show in its list; and weeks_of_place, those of a place.

  list: the columns that tell one list of a week from another.
#}
{% macro windows_of_a_list(list) -%}
  {%- set of_list = (["_file_path", "_file_version"] + list) | join(", ") -%}
  file_version as (partition by _file_path, _file_version),
        weeks_of_show as (partition by {{ of_list }}, show_title, season_title, week is null order by week, _row_number),
        weeks_of_place as (partition by {{ of_list }}, weekly_rank, week is null order by week, _row_number)
{%- endmacro %}


{#
  Whether a show has been in its list for another number of weeks than one more than the last time; or, where the version has
  it for the first time, for more than there were lists until the version's first one. Over week, last_week,
  cumulative_weeks_in_top_10, weeks_in_list_before and first_week.
#}
{% macro is_out_of_count() -%}
  coalesce(
            case
                when week = last_week then false
                when weeks_in_list_before is not null then cumulative_weeks_in_top_10 <> weeks_in_list_before + 1
                else
                    cumulative_weeks_in_top_10
                    > ({{ dbt.datediff("cast('2021-07-04' as date)", "first_week", "day") }} / 7) + 1
            end,
            false
        )
{%- endmacro %}


{#
  Whether a place has more views than the one above it; or more hours, where neither has views. Over views_above and
  hours_above.
#}
{% macro is_out_of_order(views, hours) -%}
  coalesce(
            case
                when {{ views }} is null and views_above is null then {{ hours }} > hours_above
                else {{ views }} > views_above
            end,
            false
        )
{%- endmacro %}
