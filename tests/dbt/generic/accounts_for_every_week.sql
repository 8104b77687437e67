{#
  Fails for every week of a weekly list of which the silver model does not have every record that was kept: of each
  file, the records of the week in the version that its rows come from, less the duplicates and those in quarantine; and
  less those that another file supersedes.

  feed: the name of the feed, as in macro `feeds`.
#}
{% test accounts_for_every_week(model, feed) %}

{%- set decisions = model.incorporate(path={"identifier": "silver_version_decisions"}) %}

with

states as (

    {{ file_versions(feed, decisions) }}

),

-- Counted in bronze; not by macro file_versions, which the model stands on.
weeks_of_versions as (

    select
        records.week,
        bronze._file_path,
        bronze._file_version,
        sum(case when records._verdict = 'kept' then 1 else 0 end) as kept,
        row_number() over (
            partition by records.week, bronze._file_path
            order by max(bronze._committed_at) desc, bronze._file_version desc
        ) as recency
    from {{ ref("bronze_" ~ feed) }} as bronze
    inner join {{ ref("silver_" ~ feed ~ "_records") }} as records
        on {{ same(["_file_path", "_file_version", "_row_number"], "bronze", "records") }}
    inner join states
        on
            states.state = 'accepted'
            and {{ same(["_file_path", "_file_version"], "bronze", "states") }}
    group by records.week, bronze._file_path, bronze._file_version
    having max(case when records._verdict = 'kept' then 1 else 0 end) = 1

),

superseded as (

    select
        records.week,
        count(*) as superseded
    from ({{ current_records(feed, superseded=true, decisions=decisions, versions='states') }}) as superseded_records
    inner join {{ ref("silver_" ~ feed ~ "_records") }} as records
        on {{ same(["_file_path", "_file_version", "_row_number"], "superseded_records", "records") }}
    group by records.week

),

kept as (

    select
        week,
        sum(kept) as kept
    from weeks_of_versions
    where recency = 1
    group by week

),

records_in as (

    select
        kept.week,
        kept.kept - coalesce(superseded.superseded, 0) as expected
    from kept
    left join superseded
        on kept.week = superseded.week

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
