{#
  Fails for every combination of the columns that more than one row has (the test of that name in dbt_utils).

  combination_of_columns: a list of column names.
#}
{% test unique_combination_of_columns(model, combination_of_columns) %}

select
    {{ combination_of_columns | join(', ') }},
    count(*) as n_records
from {{ model }}
group by {{ combination_of_columns | join(', ') }}
having count(*) > 1

{% endtest %}
