with

dim_person as (

    select * from {{ ref('dim_person') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

bridge_title_cast as (

    select * from {{ ref('bridge_title_cast') }}

),

bridge_title_director as (

    select * from {{ ref('bridge_title_director') }}

),

{{ people_and_titles() }},

counted as (

    select
        frequent_people.person_key,
        frequent_people.titles_rank,
        frequent_people.titles,
        count(case when person_titles.in_cast = 1 then 1 end) as titles_in_cast,
        count(case when person_titles.in_direction = 1 then 1 end) as titles_directed,
        count(case when dim_title.type = 'Movie' then 1 end) as movies,
        count(case when dim_title.type = 'TV Show' then 1 end) as tv_shows,
        min(dim_title.release_year) as first_release_year,
        max(dim_title.release_year) as last_release_year
    from frequent_people
    inner join person_titles on frequent_people.person_key = person_titles.person_key
    inner join dim_title on person_titles.title_key = dim_title.title_key
    group by frequent_people.person_key, frequent_people.titles_rank, frequent_people.titles

),

people as (

    select
        counted.person_key,

        dim_person.person_name,

        counted.titles_rank,
        counted.titles,
        counted.titles_in_cast,
        counted.titles_directed,
        counted.movies,
        counted.tv_shows,
        counted.first_release_year,
        counted.last_release_year
    from counted
    inner join dim_person on counted.person_key = dim_person.person_key

)

select * from people
