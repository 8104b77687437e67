with

dim_date as (

    select * from {{ ref('dim_date') }}

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
        dim_date.year as year_added,
        dim_title.type,
        dim_date.year - fct_catalogue_title.release_year as years
    from fct_catalogue_title
    inner join dim_title on fct_catalogue_title.title_key = dim_title.title_key
    inner join dim_date on fct_catalogue_title.date_added_key = dim_date.date_key
    where dim_date.year is not null and fct_catalogue_title.release_year is not null

),

time_to_catalogue as (

    select
        year_added,
        type,

        count(*) as titles,
        count(case when years <= 0 then 1 end) as titles_of_that_year,
        cast(median(years) as double) as median_years,
        avg(years) as average_years,
        max(years) as longest_years
    from titles
    group by year_added, type

)

select * from time_to_catalogue
