{#
  Fails for every group that does not have as many rows in the model as in another relation (the test of that name in
  dbt_utils).

  compare_model: the other relation. group_by_columns: a list of column names that both have.
#}
{% test equal_rowcount(model, compare_model, group_by_columns) %}

with

model_counts as (

    select
        {{ group_by_columns | join(', ') }},
        count(*) as n_records
    from {{ model }}
    group by {{ group_by_columns | join(', ') }}

),

compare_counts as (

    select
        {{ group_by_columns | join(', ') }},
        count(*) as n_records
    from ({{ raw_records(compare_model) }}) as compare_model
    group by {{ group_by_columns | join(', ') }}

)

select
    {%- for column in group_by_columns %}
    coalesce(model_counts.{{ column }}, compare_counts.{{ column }}) as {{ column }},
    {%- endfor %}
    model_counts.n_records as n_model,
    compare_counts.n_records as n_compare
from model_counts
full outer join compare_counts
    on
        {%- for column in group_by_columns %}
        model_counts.{{ column }} = compare_counts.{{ column }}{{ " and" if not loop.last }}
        {%- endfor %}
where model_counts.n_records is distinct from compare_counts.n_records

{% endtest %}
