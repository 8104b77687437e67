with

silver_cast as (

    select * from {{ ref('silver_cast') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

-- A title that names a person in two spellings has two records for one row here.
title_cast as (

    select
        dim_title.title_key,
        silver_cast.person_key,

        min(silver_cast.billing_order) as billing_order
    from silver_cast
    inner join dim_title on silver_cast.show_id = dim_title.show_id
    group by dim_title.title_key, silver_cast.person_key

)

select * from title_cast
