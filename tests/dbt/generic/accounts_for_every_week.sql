{#
  Fails for every week of a weekly list of which the silver model does not have every record that was kept: the records
  of the week in the version that its rows come from, less the duplicates and those in quarantine.

  records: the bronze model. verdicts: the verdict model.
#}
{% test accounts_for_every_week(model, records, verdicts) %}

{%- set feed = {"records": records} %}
{%- set place = ["_file_path", "_file_version", "_row_number"] %}

with

weeks as (

    {{ versions_of_weeks(feed, verdicts) }}

),

records_in as (

    select
        weeks.week,
        count(*) - count(verdicts._row_number) as expected
    from {{ records }} as records
    inner join weeks
        on
            {{ same(["_file_path", "_file_version"], "records", "weeks") }}
            and {{ parse_iso_date("records.week") }} = weeks.week
    left join {{ verdicts }} as verdicts
        on
            {{ same(place, "records", "verdicts") }}
            and verdicts.verdict <> 'kept'
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
