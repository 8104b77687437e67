-- For every silver model and file version: records in = kept + repaired + duplicates + quarantined + refused.
with

reconciliation as (

    select * from {{ ref('reconciliation') }}

)

select *
from reconciliation
where records_in <> kept + repaired + duplicates + quarantined + refused
