with

fct_engagement_half as (

    select * from {{ ref('fct_engagement_half') }}

),

dim_title as (

    select * from {{ ref('dim_title') }}
    where is_current

),

dim_season as (

    select * from {{ ref('dim_season') }}

),

dim_date as (

    select * from {{ ref('dim_date') }}

),

dim_rating as (

    select * from {{ ref('dim_rating') }}

),

dim_genre as (

    select * from {{ ref('dim_genre') }}

),

dim_country as (

    select * from {{ ref('dim_country') }}

),

bridge_title_genre as (

    select * from {{ ref('bridge_title_genre') }}

),

bridge_title_country as (

    select * from {{ ref('bridge_title_country') }}

),

engagement as (

    select
        fct_engagement_half.*,
        dim_date.year,
        {{ half_number('dim_date') }} as half_number,
        {{ is_matched('dim_season.match_strength') }} as is_matched
    from fct_engagement_half
    inner join dim_season on fct_engagement_half.season_key = dim_season.season_key
    inner join dim_date on fct_engagement_half.last_day_key = dim_date.date_key

),

matched as (

    select
        engagement.*,
        coalesce(dim_rating.audience_group, 'Unknown') as audience_group,
        case
            when dim_title.release_year is null then 'Unknown'
            when engagement.year - dim_title.release_year <= 4 then 'up to 4 years'
            when engagement.year - dim_title.release_year <= 9 then '5 to 9 years'
            when engagement.year - dim_title.release_year <= 19 then '10 to 19 years'
            else '20 years and more'
        end as age
    from engagement
    inner join dim_title on engagement.title_key = dim_title.title_key
    left join dim_rating on dim_title.rating = dim_rating.rating
    where engagement.is_matched

),

members as (

    select
        'availability' as breakdown,
        case
            when is_available_globally then 'available globally'
            when not is_available_globally then 'in some countries'
            else 'Unknown'
        end as member,
        half_year,
        half_number,
        season_key,
        hours_viewed
    from engagement

    union all

    select
        'audience group' as breakdown,
        audience_group as member,
        half_year,
        half_number,
        season_key,
        hours_viewed
    from matched

    union all

    select
        'age of the title' as breakdown,
        age as member,
        half_year,
        half_number,
        season_key,
        hours_viewed
    from matched

    union all

    select
        'genre' as breakdown,
        dim_genre.genre_name as member,
        matched.half_year,
        matched.half_number,
        matched.season_key,
        matched.hours_viewed
    from matched
    inner join bridge_title_genre on matched.title_key = bridge_title_genre.title_key
    inner join dim_genre on bridge_title_genre.genre_key = dim_genre.genre_key

    union all

    select
        'country of origin' as breakdown,
        dim_country.country_name as member,
        matched.half_year,
        matched.half_number,
        matched.season_key,
        matched.hours_viewed
    from matched
    inner join bridge_title_country on matched.title_key = bridge_title_country.title_key
    inner join dim_country on bridge_title_country.country_key = dim_country.country_key

),

counted as (

    select
        half_year,
        half_number,
        breakdown,
        member,
        count(*) as seasons,
        cast(sum(hours_viewed) as bigint) as hours_viewed
    from members
    group by half_year, half_number, breakdown, member

),

totals as (

    select
        half_number,
        sum(hours_viewed) as hours_viewed,
        sum(case when is_matched then hours_viewed else 0 end) as hours_matched
    from engagement
    group by half_number

),

breakdowns as (

    select
        counted.half_year,
        counted.breakdown,
        counted.member,

        counted.seasons,
        counted.hours_viewed,
        cast(counted.hours_viewed as double)
        / nullif(case when counted.breakdown = 'availability' then totals.hours_viewed else totals.hours_matched end, 0)
            as share_of_hours,
        previous.hours_viewed as hours_viewed_before,
        cast(counted.hours_viewed as double) / nullif(previous.hours_viewed, 0) - 1 as change_of_hours
    from counted
    inner join totals on counted.half_number = totals.half_number
    left join counted as previous
        on
            counted.breakdown = previous.breakdown
            and counted.member = previous.member
            and counted.half_number = previous.half_number + 1

)

select * from breakdowns
