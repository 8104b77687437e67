{#
  Fails where a silver model does not stand for every record of the current version of its files:
  records in = rows kept + records rejoined to another + duplicates merged.

  records: the bronze table. rejoined: the column with the number of records that were rejoined to the row's, if any.

  It belongs to one model and its bronze table, so that dbt skips everything below that model when it fails.
#}
{% test accounts_for_every_record(model, records, rejoined="0") %}

with

records_in as (

    select count(*) as records_in
    from ({{ current_records(records) }}) as current_records

),

rows_out as (

    select
        count(*) as kept,
        coalesce(sum({{ rejoined }}), 0) as rejoined,
        coalesce(sum(_duplicates_merged), 0) as duplicates_merged
    from {{ model }}

)

select
    records_in.records_in,
    rows_out.kept,
    rows_out.rejoined,
    rows_out.duplicates_merged,
    records_in.records_in - rows_out.kept - rows_out.rejoined - rows_out.duplicates_merged as unaccounted_for
from records_in
cross join rows_out
where records_in.records_in <> rows_out.kept + rows_out.rejoined + rows_out.duplicates_merged

{% endtest %}
