{#
  Fails where a silver model does not stand for every record of the current versions of its files:
  records in = rows in silver + repaired into another + duplicates merged + quarantined + superseded by another file.

  Rows that an edition of the catalogue gives (macros `layouts_of` and `names_of_editions`) are accounted for as a feed
  of their own, and are not counted here.

  feed: the name of the feed, as in macro `feeds`.

  The silver model reads the judged records, so that dbt skips everything below it when this fails.
#}
{% test accounts_for_every_record(model, feed) %}

{%- set decisions = model.incorporate(path={"identifier": "silver_version_decisions"}) %}

{%- set records = ref("silver_" ~ feed ~ "_records") %}
{%- set editions = model.incorporate(path={"identifier": "silver_kaggle_titles"}) %}

with

states as (

    {{ file_versions(feed, decisions) }}

),

versions as (

    select
        records._file_path,
        records._file_version,
        records._committed_at,
        sum(case when records._verdict = 'repaired' then 1 else 0 end) as repaired,
        sum(case when records._verdict = 'duplicate' then 1 else 0 end) as duplicates,
        sum(case when records._verdict = 'quarantined' then 1 else 0 end) as quarantined
    from {{ records }} as records
    inner join states
        on
            states.state = 'accepted'
            and {{ same(["_file_path", "_file_version"], "records", "states") }}
    group by records._file_path, records._file_version, records._committed_at

),

-- Macro file_versions, which the model stands on, says which versions are accepted, but not which one is current.
current_versions as (

    select versions.*
    from versions
    left join versions as newer
        on
            versions._file_path = newer._file_path
            and (
                newer._committed_at > versions._committed_at
                or (newer._committed_at = versions._committed_at and newer._file_version > versions._file_version)
            )
    where newer._file_version is null

),

records_in as (

    select count(*) as records_in
    from {{ ref("bronze_" ~ feed) }} as records
    inner join current_versions
        on {{ same(["_file_path", "_file_version"], "records", "current_versions") }}

),

rows_out as (

    select count(*) as kept
    from {{ model }}

),

of_editions as (

    {%- if feed in declared_feeds()["kaggle_titles"].lists %}

    select count(*) as of_editions from ({{ names_of_editions(feed, editions) }}) as names
    {%- elif layouts_of(feed) | length > 1 %}

    select count(*) as of_editions from {{ editions }}
    {%- else %}

    select 0 as of_editions
    {%- endif %}

),

left_out as (

    select
        coalesce(sum(repaired), 0) as repaired,
        coalesce(sum(duplicates), 0) as duplicates,
        coalesce(sum(quarantined), 0) as quarantined
    from current_versions

),

superseded as (

    select count(*) as superseded
    from ({{ current_records(feed, superseded=true, decisions=decisions, versions='states') }}) as records

)

select
    records_in.records_in,
    rows_out.kept,
    left_out.repaired,
    left_out.duplicates,
    left_out.quarantined,
    superseded.superseded,
    of_editions.of_editions
from records_in
cross join rows_out
cross join of_editions
cross join left_out
cross join superseded
where
    records_in.records_in
    <> rows_out.kept - of_editions.of_editions
    + left_out.repaired + left_out.duplicates + left_out.quarantined + superseded.superseded

{% endtest %}
