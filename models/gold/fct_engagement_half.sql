with

silver_engagement as (

    select * from {{ ref('silver_engagement') }}

),

dim_season as (

    select * from {{ ref('dim_season') }}

),

-- A report that lists something twice, with a mark or in another spelling, says how long people watched either.
hours as (

    select
        half_year,
        season_key,
        case
            when right(half_year, 2) = 'H1' then make_date(cast(left(half_year, 4) as integer), 6, 30)
            else make_date(cast(left(half_year, 4) as integer), 12, 31)
        end as last_day,
        cast(sum(hours_viewed) as bigint) as hours_viewed,
        cast(sum(views) as bigint) as views,
        max(runtime_minutes) as runtime_minutes,
        max(case when is_available_globally then 1 when not is_available_globally then 0 end) = 1
            as is_available_globally
    from silver_engagement
    group by half_year, season_key

),

engagement as (

    select
        hours.half_year,
        hours.season_key,
        {{ date_key('hours.last_day') }} as last_day_key,
        dim_season.show_key,
        dim_season.title_key,

        hours.hours_viewed,
        hours.views,
        hours.runtime_minutes,

        hours.is_available_globally
    from hours
    inner join dim_season on hours.season_key = dim_season.season_key

)

select * from engagement
