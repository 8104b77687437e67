with

dim_rating as (

    select * from {{ ref('dim_rating') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

fct_catalogue_title as (

    select * from {{ ref('fct_catalogue_title') }}

),

titles as (

    select
        coalesce(dim_rating.audience_group, 'Unknown') as audience_group,
        dim_title.type,
        fct_catalogue_title.duration_minutes,
        fct_catalogue_title.duration_seasons
    from fct_catalogue_title
    inner join dim_title on fct_catalogue_title.title_key = dim_title.title_key
    inner join dim_rating on fct_catalogue_title.rating_key = dim_rating.rating_key

),

counted as (

    select
        audience_group,
        type,
        count(*) as titles,
        avg(duration_minutes) as average_minutes,
        avg(duration_seasons) as average_seasons
    from titles
    group by audience_group, type

),

audience_groups as (

    select
        audience_group,
        type,

        titles,
        cast(titles as double) / sum(titles) over (partition by type) as share_of_type,
        average_minutes,
        average_seasons
    from counted

)

select * from audience_groups
