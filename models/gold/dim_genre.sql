with

silver_categories as (

    select * from {{ ref('silver_categories') }}

),

genre_names as (

    select distinct genre_name from silver_categories

),

genres as (

    select
        {{ generate_surrogate_key(['genre_name']) }} as genre_key,

        genre_name
    from genre_names

),

unknown as (

    select
        -1 as genre_key,

        'Unknown' as genre_name

)

select * from genres
union all
select * from unknown
