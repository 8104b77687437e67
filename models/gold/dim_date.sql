{%- set months = [
    'January', 'February', 'March', 'April', 'May', 'June',
    'July', 'August', 'September', 'October', 'November', 'December',
] -%}
{%- set weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] -%}

with

silver_titles as (

    select * from {{ ref('silver_titles') }}

),

silver_top10_global as (

    select * from {{ ref('silver_top10_global') }}

),

silver_top10_countries as (

    select * from {{ ref('silver_top10_countries') }}

),

silver_engagement as (

    select distinct half_year from {{ ref('silver_engagement') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}

),

silver_category_history as (

    select * from {{ ref('silver_category_history') }}
    where show_id is null

),

silver_director_history as (

    select * from {{ ref('silver_director_history') }}
    where show_id is null

),

days_of_data as (

    select date_added as day_of_data from silver_titles

    union all

    select cast(valid_from as date) as day_of_data from dim_title

    union all

    select cast(valid_to as date) as day_of_data from dim_title

    union all

    select cast(valid_from as date) as day_of_data from silver_category_history

    union all

    select cast(valid_from as date) as day_of_data from silver_director_history

    union all

    select week as day_of_data from silver_top10_global

    union all

    select week as day_of_data from silver_top10_countries

    union all

    select make_date(cast(left(half_year, 4) as integer), 12, 31) as day_of_data from silver_engagement

),

bounds as (

    select
        make_date(cast(extract(year from min(day_of_data)) as integer), 1, 1) as first_day,
        make_date(cast(extract(year from max(day_of_data)) as integer), 12, 31) as last_day
    from days_of_data

),

days as (

    {{ date_spine('bounds') }}

),

parts as (

    select
        date_day,
        cast(extract(year from date_day) as integer) as year,
        cast(extract(quarter from date_day) as integer) as quarter,
        cast(extract(month from date_day) as integer) as month,
        cast(extract(day from date_day) as integer) as day_of_month,
        cast(extract(week from date_day) as integer) as iso_week,
        -- 1 January of the year 1 was a Monday
        cast(mod({{ dbt.datediff("cast('0001-01-01' as date)", 'date_day', 'day') }}, 7) + 1 as integer) as day_of_week
    from days

),

dates as (

    select
        {{ date_key('date_day') }} as date_key,

        date_day,

        case month
            {%- for name in months %}
            when {{ loop.index }} then '{{ name }}'
            {%- endfor %}
        end as month_name,
        case day_of_week
            {%- for name in weekdays %}
            when {{ loop.index }} then '{{ name }}'
            {%- endfor %}
        end as day_name,

        year,
        quarter,
        month,
        day_of_month,
        -- An ISO week belongs to the year of its Thursday
        case
            when month = 1 and iso_week > 50 then year - 1
            when month = 12 and iso_week = 1 then year + 1
            else year
        end as iso_year,
        iso_week,
        day_of_week,

        day_of_week >= 6 as is_weekend
    from parts

),

unknown as (

    select
        -1 as date_key,

        cast(null as date) as date_day,

        'Unknown' as month_name,
        'Unknown' as day_name,

        cast(null as integer) as year,
        cast(null as integer) as quarter,
        cast(null as integer) as month,
        cast(null as integer) as day_of_month,
        cast(null as integer) as iso_year,
        cast(null as integer) as iso_week,
        cast(null as integer) as day_of_week,

        cast(null as boolean) as is_weekend

)

select * from dates
union all
select * from unknown
