{#
  Fails where a silver model and its verdicts do not stand for every record of the current version of its file:
  records in = rows in silver + repaired into another + duplicates merged + quarantined.

  records: the bronze model. verdicts: the verdict model.

  The silver model reads both, so that dbt skips everything below it when this fails.
#}
{% test accounts_for_every_record(model, records, verdicts) %}

with

current_version as (

    {{ current_version(verdicts) }}

),

records_in as (

    select count(*) as records_in
    from {{ records }} as records
    inner join current_version
        on {{ same(["_file_path", "_file_version"], "records", "current_version") }}

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
    inner join current_version
        on {{ same(["_file_path", "_file_version"], "verdicts", "current_version") }}

)

select
    records_in.records_in,
    rows_out.kept,
    left_out.repaired,
    left_out.duplicates,
    left_out.quarantined
from records_in
cross join rows_out
cross join left_out
where records_in.records_in <> rows_out.kept + left_out.repaired + left_out.duplicates + left_out.quarantined

{% endtest %}
