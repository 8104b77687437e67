-- Marts whose rows may be added up lose nothing of the facts that they come from.
with

-- A show has its best place in a list of a country and week, however many of its seasons are in it.
points as (

    select sum(11 - best_rank) as points
    from (
        select min(weekly_rank) as best_rank
        from {{ ref('fct_weekly_top10_country') }}
        group by country_key, week_key, category_key, show_key
    ) as best_places

),

sums as (

    select
        'titles in mart_catalogue_growth' as what,
        (select count(*) from {{ ref('fct_catalogue_title') }}) as expected,
        (select sum(titles_added) from {{ ref('mart_catalogue_growth') }}) as found

    union all

    select
        'titles in mart_audience_groups' as what,
        (select count(*) from {{ ref('fct_catalogue_title') }}) as expected,
        (select sum(titles) from {{ ref('mart_audience_groups') }}) as found

    union all

    select
        'hours in mart_viewing_trends' as what,
        (select sum(weekly_hours_viewed) from {{ ref('fct_weekly_top10_global') }}) as expected,
        (select sum(hours_viewed) from {{ ref('mart_viewing_trends') }}) as found

    union all

    select
        'points in mart_most_watched_country' as what,
        (select points from points) as expected,
        (select sum(points) from {{ ref('mart_most_watched_country') }}) as found

    union all

    select
        'points in mart_most_watched_region' as what,
        (select points from points) as expected,
        (select sum(points) from {{ ref('mart_most_watched_region') }}) as found

)

select *
from sums
where coalesce(expected, 0) <> coalesce(found, 0)
