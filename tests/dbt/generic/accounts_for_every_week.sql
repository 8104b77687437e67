{#
  Fails for every week of a weekly list of which the silver model does not have every record that was kept: of each file,
  the records of the week in the version that its rows come from, less the duplicates and those in quarantine; and less
  those that another file supersedes.

  feed: the name of the feed, as in macro `feeds`.
#}
{% test accounts_for_every_week(model, feed) %}

{%- set verdicts = ref("silver_" ~ feed ~ "_verdicts") %}
{%- set place = version_columns() + ["_row_number"] %}

with

weeks as (

    {{ versions_of_weeks(feed_named(feed), verdicts) }}

),

superseded as (

    {{ superseded_records(feed_named(feed), verdicts) }}

),

records_in as (

    select
        weeks.week,
        count(*) - count(verdicts._row_number) - count(superseded._row_number) as expected
    from {{ ref("bronze_" ~ feed) }} as records
    inner join weeks
        on
            {{ same(version_columns(), "records", "weeks") }}
            and {{ parse_iso_date("records.week") }} = weeks.week
    left join {{ verdicts }} as verdicts
        on
            {{ same(place, "records", "verdicts") }}
            and verdicts.verdict <> 'kept'
    left join superseded
        on {{ same(place, "records", "superseded") }}
    group by weeks.week

),

rows_out as (

    select
        week,
        count(*) as found
    from {{ model }}
    group by week

)

select
    records_in.week,
    rows_out.week as week_in_silver,
    records_in.expected,
    rows_out.found
from records_in
full outer join rows_out on records_in.week = rows_out.week
where records_in.expected is distinct from rows_out.found

{% endtest %}
