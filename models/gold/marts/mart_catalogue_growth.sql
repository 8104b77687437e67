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

added as (

    select
        cast({{ dbt.date_trunc('month', 'dim_date.date_day') }} as date) as month_start,
        dim_title.type,
        count(*) as titles_added
    from fct_catalogue_title
    inner join dim_title on fct_catalogue_title.title_key = dim_title.title_key
    inner join dim_date on fct_catalogue_title.date_added_key = dim_date.date_key
    group by cast({{ dbt.date_trunc('month', 'dim_date.date_day') }} as date), dim_title.type

),

bounds as (

    select
        min(month_start) as first_month,
        max(month_start) as last_month
    from added

),

months as (

    select dim_date.date_day as month_start
    from dim_date
    inner join bounds on dim_date.date_day between bounds.first_month and bounds.last_month
    where dim_date.day_of_month = 1

),

types as (

    select distinct type from added

),

-- Every month has a row for each type, so that a chart has no gaps; so have the titles without a date.
months_and_types as (

    select
        months.month_start,
        types.type
    from months
    cross join types

    union all

    select
        month_start,
        type
    from added
    where month_start is null

),

counted as (

    select
        months_and_types.month_start,
        months_and_types.type,
        coalesce(added.titles_added, 0) as titles_added,
        months_and_types.month_start is null as is_unknown
    from months_and_types
    left join added
    on
        months_and_types.month_start is not distinct from added.month_start
        and months_and_types.type = added.type

),

growth as (

    select
        month_start,
        type,

        titles_added,
        case
            when not is_unknown
                then cast(sum(titles_added) over (partition by type, is_unknown order by month_start) as bigint)
        end as titles_so_far
    from counted

)

select * from growth
