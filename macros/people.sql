{#
  Two CTEs that the marts about people share, over the CTEs bridge_title_cast and bridge_title_director:
    person_titles     a row per person and title, with in_cast and in_direction (0 or 1)
    frequent_people   the people with the most titles, at least two: the first 1,000 and those who have as many titles
                      as the last of them; with titles and titles_rank

  Example: with bridge_title_cast as (…), bridge_title_director as (…), {{ people_and_titles() }} select …
#}
{% macro people_and_titles() -%}
roles as (

    select
        person_key,
        title_key,
        1 as in_cast,
        0 as in_direction
    from bridge_title_cast

    union all

    select
        person_key,
        title_key,
        0 as in_cast,
        1 as in_direction
    from bridge_title_director

),

person_titles as (

    select
        person_key,
        title_key,
        max(in_cast) as in_cast,
        max(in_direction) as in_direction
    from roles
    group by person_key, title_key

),

title_counts as (

    select
        person_key,
        count(*) as titles
    from person_titles
    group by person_key
    having count(*) >= 2

),

ranked_people as (

    select
        person_key,
        titles,
        cast(rank() over (order by titles desc) as int) as titles_rank
    from title_counts

),

frequent_people as (

    select * from ranked_people where titles_rank <= 1000

)
{%- endmacro %}
