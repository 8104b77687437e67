with

fct_engagement_half as (

    select * from {{ ref('fct_engagement_half') }}

),

fct_weekly_top10_global as (

    select * from {{ ref('fct_weekly_top10_global') }}

),

dim_season as (

    select * from {{ ref('dim_season') }}

),

dim_date as (

    select * from {{ ref('dim_date') }}

),

dim_top10_category as (

    select * from {{ ref('dim_top10_category') }}

),

-- Half-years in a row have numbers in a row.
engagement as (

    select
        fct_engagement_half.half_year,
        dim_season.type,
        fct_engagement_half.season_key,
        fct_engagement_half.show_key,
        fct_engagement_half.title_key,
        dim_season.match_strength,
        fct_engagement_half.hours_viewed,
        fct_engagement_half.views,
        {{ half_number('dim_date') }} as half_number,
        row_number() over (
            partition by fct_engagement_half.half_year, dim_season.type
            order by fct_engagement_half.hours_viewed desc, fct_engagement_half.season_key asc
        ) as place
    from fct_engagement_half
    inner join dim_season on fct_engagement_half.season_key = dim_season.season_key
    inner join dim_date on fct_engagement_half.last_day_key = dim_date.date_key

),

halves as (

    select distinct
        half_number,
        half_year
    from engagement

),

-- What came since the report before, and what it had that this one has no more
changes as (

    select
        this.half_number,
        this.type,
        cast(count(*) as bigint) as seasons_new,
        cast(sum(this.hours_viewed) as bigint) as hours_new,
        0 as seasons_gone,
        cast(0 as bigint) as hours_gone
    from engagement as this
    left join engagement as previous
        on this.season_key = previous.season_key and this.half_number = previous.half_number + 1
    where previous.season_key is null
    group by this.half_number, this.type

    union all

    select
        previous.half_number + 1 as half_number,
        previous.type,
        0 as seasons_new,
        cast(0 as bigint) as hours_new,
        count(*) as seasons_gone,
        cast(sum(previous.hours_viewed) as bigint) as hours_gone
    from engagement as previous
    left join engagement as this
        on previous.season_key = this.season_key and previous.half_number = this.half_number - 1
    where this.season_key is null
    group by previous.half_number, previous.type

),

changed as (

    select
        changes.half_number,
        changes.type,
        cast(sum(changes.seasons_new) as bigint) as seasons_new,
        cast(sum(changes.hours_new) as bigint) as hours_new,
        cast(sum(changes.seasons_gone) as bigint) as seasons_gone,
        cast(sum(changes.hours_gone) as bigint) as hours_gone
    from changes
    -- The first report, and one after a gap, have none before them.
    inner join halves on changes.half_number = halves.half_number + 1
    group by changes.half_number, changes.type

),

listed as (

    select
        half_number,
        type,
        count(*) as places,
        count(case when season_key <> -1 then 1 end) as places_reported,
        cast(sum(weekly_hours_viewed) as bigint) as hours_in_top_10
    from (
        select
            {{ half_number('dim_date') }} as half_number,
            {{ top10_type('dim_top10_category.category') }} as type,
            fct_weekly_top10_global.season_key,
            fct_weekly_top10_global.weekly_hours_viewed
        from fct_weekly_top10_global
        inner join dim_date on fct_weekly_top10_global.week_key = dim_date.date_key
        inner join dim_top10_category on fct_weekly_top10_global.category_key = dim_top10_category.category_key
    ) as places
    group by half_number, type

),

counted as (

    select
        half_number,
        type,
        count(*) as seasons,
        cast(sum(hours_viewed) as bigint) as hours_viewed,
        cast(sum(views) as bigint) as views,
        cast(sum(case when place <= 100 then hours_viewed else 0 end) as bigint) as hours_of_first_100,
        cast(sum(case when place <= 1000 then hours_viewed else 0 end) as bigint) as hours_of_first_1000,
        count(case when {{ is_matched('match_strength') }} then 1 end) as seasons_matched,
        count(distinct case when {{ is_matched('match_strength') }} then title_key end) as titles_matched,
        cast(sum(case when {{ is_matched('match_strength') }} then hours_viewed else 0 end) as bigint)
            as hours_matched
    from engagement
    group by half_number, type

),

-- Of a type that has all gone, too
rows_of_the_mart as (

    select
        half_number,
        type
    from counted

    union

    select
        changed.half_number,
        changed.type
    from changed
    inner join halves on changed.half_number = halves.half_number

),

engagement_half as (

    select
        halves.half_year,
        rows_of_the_mart.type,

        coalesce(counted.seasons, 0) as seasons,
        coalesce(counted.hours_viewed, 0) as hours_viewed,
        counted.views,

        cast(counted.hours_of_first_100 as double) / nullif(counted.hours_viewed, 0) as share_of_first_100,
        cast(counted.hours_of_first_1000 as double) / nullif(counted.hours_viewed, 0) as share_of_first_1000,

        changed.seasons_new,
        changed.hours_new,
        changed.seasons_gone,
        changed.hours_gone,

        listed.places,
        listed.places_reported,
        listed.hours_in_top_10,
        cast(listed.hours_in_top_10 as double) / nullif(counted.hours_viewed, 0) as share_in_top_10,

        coalesce(counted.seasons_matched, 0) as seasons_matched,
        coalesce(counted.titles_matched, 0) as titles_matched,
        coalesce(counted.hours_matched, 0) as hours_matched,
        cast(counted.hours_matched as double) / nullif(counted.hours_viewed, 0) as share_matched
    from rows_of_the_mart
    inner join halves on rows_of_the_mart.half_number = halves.half_number
    left join counted on {{ same(['half_number', 'type'], 'rows_of_the_mart', 'counted') }}
    left join changed on {{ same(['half_number', 'type'], 'rows_of_the_mart', 'changed') }}
    left join listed on {{ same(['half_number', 'type'], 'rows_of_the_mart', 'listed') }}

)

select * from engagement_half
