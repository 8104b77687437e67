-- A weekly list has ten places; where a place is missing, the sums over the list are too low.
{{ config(severity='warn') }}

select
    'silver_top10_global' as model,
    week,
    category,
    cast(null as {{ dbt.type_string() }}) as country_iso2,
    count(*) as places
from {{ ref('silver_top10_global') }}
group by week, category
having count(*) <> 10

union all

select
    'silver_top10_countries' as model,
    week,
    category,
    country_iso2,
    count(*) as places
from {{ ref('silver_top10_countries') }}
group by week, category, country_iso2
having count(*) <> 10
