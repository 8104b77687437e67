with

silver_directors as (

    select * from {{ ref('silver_directors') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

-- A title that names a person in two spellings has two records for one row here.
title_directors as (

    select
        dim_title.title_key,
        silver_directors.person_key
    from silver_directors
    inner join dim_title on silver_directors.show_id = dim_title.show_id
    group by dim_title.title_key, silver_directors.person_key

)

select * from title_directors
