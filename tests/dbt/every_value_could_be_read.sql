-- Values that fit no column of their file, or not the type of their column; each gives a warning, none stops the build.
{{ config(severity='warn', group='data_quality') }}

{%- set bronze = ['titles', 'cast', 'categories', 'countries', 'directors', 'kaggle_titles'] %}

with
{% for feed in bronze %}

current_{{ feed }} as (

    {{ newest_records(ref('bronze_' ~ feed)) }}

),
{% endfor %}

silver_titles as (

    select * from {{ ref('silver_titles') }}

)

{% for feed in bronze %}
select
    'bronze_{{ feed }}' as model,
    show_id,
    _rescued_data as unread
from current_{{ feed }}
where _rescued_data is not null

union all
{% endfor %}
select
    'silver_titles' as model,
    cast(show_id as {{ dbt.type_string() }}) as show_id,
    _untyped_values as unread
from silver_titles
where _untyped_values is not null
