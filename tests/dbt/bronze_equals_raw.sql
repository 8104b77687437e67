-- Every version of every file has as many records in bronze as in raw.
{%- set feeds = {
    'titles': 'netflix_titles',
    'cast': 'netflix_cast',
    'categories': 'netflix_category',
    'countries': 'netflix_countries',
    'directors': 'netflix_directors',
} %}

with

raw_counts as (
    {% for table in feeds.values() %}

    select
        _file_path,
        _file_version,
        count(*) as records
    from {{ source('raw', table) }}
    group by _file_path, _file_version
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

bronze_counts as (
    {% for feed in feeds %}

    select
        _file_path,
        _file_version,
        count(*) as records
    from {{ ref('bronze_' ~ feed) }}
    group by _file_path, _file_version
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    coalesce(raw_counts._file_path, bronze_counts._file_path) as _file_path,
    coalesce(raw_counts._file_version, bronze_counts._file_version) as _file_version,
    raw_counts.records as records_in_raw,
    bronze_counts.records as records_in_bronze
from raw_counts
full outer join bronze_counts
on raw_counts._file_path = bronze_counts._file_path and raw_counts._file_version = bronze_counts._file_version
where raw_counts.records is distinct from bronze_counts.records
