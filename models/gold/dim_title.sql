with

silver_titles as (

    select * from {{ ref('silver_titles') }}

),

titles as (

    select
        {{ generate_surrogate_key(['show_id']) }} as title_key,
        show_id,

        title,
        type,
        description,
        rating,

        duration_minutes,
        duration_seasons,
        release_year,

        date_added
    from silver_titles

),

unknown as (

    select
        -1 as title_key,
        cast(null as bigint) as show_id,

        'Unknown' as title,
        'Unknown' as type,
        cast(null as {{ dbt.type_string() }}) as description,
        cast(null as {{ dbt.type_string() }}) as rating,

        cast(null as integer) as duration_minutes,
        cast(null as integer) as duration_seasons,
        cast(null as integer) as release_year,

        cast(null as date) as date_added

)

select * from titles
union all
select * from unknown
