-- For every feed: records in the current version of the file = kept + rejoined to another + duplicates merged.
with
{% for feed in ['titles', 'cast', 'categories', 'countries', 'directors'] %}

silver_{{ feed }} as (

    select * from {{ ref('silver_' ~ feed) }}

),

current_{{ feed }} as (

    {{ current_records(ref('bronze_' ~ feed)) }}

),
{% endfor %}

records as (
    {% for feed in ['titles', 'cast', 'categories', 'countries', 'directors'] %}

    select
        'silver_{{ feed }}' as model,
        (select count(*) from current_{{ feed }}) as records_in,
        count(*) as kept,
        coalesce(sum({{ '_records_rejoined' if feed == 'titles' else 0 }}), 0) as rejoined,
        coalesce(sum(_duplicates_merged), 0) as duplicates_merged
    from silver_{{ feed }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    *,
    records_in - kept - rejoined - duplicates_merged as unaccounted_for
from records
where records_in <> kept + rejoined + duplicates_merged
