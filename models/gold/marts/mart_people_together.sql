with

dim_person as (

    select * from {{ ref('dim_person') }}

),

bridge_title_cast as (

    select * from {{ ref('bridge_title_cast') }}

),

bridge_title_director as (

    select * from {{ ref('bridge_title_director') }}

),

{{ people_and_titles() }},

-- Starting from few people keeps this small: all pairs of all casts would be many times the titles.
shared_titles as (

    select
        frequent_people.person_key,
        companion_titles.person_key as companion_key,
        count(*) as titles_together
    from frequent_people
    inner join person_titles on frequent_people.person_key = person_titles.person_key
    inner join person_titles as companion_titles
    on
        person_titles.title_key = companion_titles.title_key
        and person_titles.person_key <> companion_titles.person_key
    group by frequent_people.person_key, companion_titles.person_key
    having count(*) >= 2

),

named as (

    select
        shared_titles.person_key,
        shared_titles.companion_key,

        dim_person.person_name,
        companions.person_name as companion_name,

        shared_titles.titles_together,
        cast(row_number() over (
            partition by shared_titles.person_key
            order by shared_titles.titles_together desc, companions.person_name asc, shared_titles.companion_key asc
        ) as int) as companion_rank
    from shared_titles
    inner join dim_person on shared_titles.person_key = dim_person.person_key
    inner join dim_person as companions on shared_titles.companion_key = companions.person_key

),

people_together as (

    select *
    from named
    where companion_rank <= 10

)

select * from people_together
