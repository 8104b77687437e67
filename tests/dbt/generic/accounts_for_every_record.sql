{#
  Fails where a silver model and its verdicts do not stand for every record of the current versions of its files:
  records in = rows in silver + repaired into another + duplicates merged + quarantined + superseded by another file.

  feed: the name of the feed, as in macro `feeds`.

  The silver model reads bronze and the verdicts, so that dbt skips everything below it when this fails.
#}
{% test accounts_for_every_record(model, feed) %}

{%- set verdicts = ref("silver_" ~ feed ~ "_verdicts") %}
{%- set version = version_columns() %}

with

-- Not by macro current_versions, which the model stands on.
current_versions as (

    select distinct {{ prefixed(version, "verdicts") }}
    from {{ verdicts }} as verdicts
    left join {{ verdicts }} as newer
        on
            {{ same(file_columns(), "verdicts", "newer") }}
            and newer.verdict <> 'refused'
            and (
                newer._committed_at > verdicts._committed_at
                or (newer._committed_at = verdicts._committed_at and newer._file_version > verdicts._file_version)
            )
    where verdicts.verdict <> 'refused' and newer._file_version is null

),

records_in as (

    select count(*) as records_in
    from {{ ref("bronze_" ~ feed) }} as records
    inner join current_versions
        on {{ same(version, "records", "current_versions") }}

),

rows_out as (

    select count(*) as kept
    from {{ model }}

),

left_out as (

    select
        coalesce(sum(case when verdicts.verdict = 'repaired' then verdicts.n_records end), 0) as repaired,
        coalesce(sum(case when verdicts.verdict = 'duplicate' then verdicts.n_records end), 0) as duplicates,
        coalesce(sum(case when verdicts.verdict = 'quarantined' then verdicts.n_records end), 0) as quarantined
    from {{ verdicts }} as verdicts
    inner join current_versions
        on {{ same(version, "verdicts", "current_versions") }}

),

superseded as (

    select count(*) as superseded
    from ({{ superseded_records(feed_named(feed), verdicts) }}) as records

)

select
    records_in.records_in,
    rows_out.kept,
    left_out.repaired,
    left_out.duplicates,
    left_out.quarantined,
    superseded.superseded
from records_in
cross join rows_out
cross join left_out
cross join superseded
where
    records_in.records_in
    <> rows_out.kept + left_out.repaired + left_out.duplicates + left_out.quarantined + superseded.superseded

{% endtest %}
