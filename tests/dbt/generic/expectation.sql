{#
  An expectation: a rule on the records of a feed, declared once in the YAML of a model, from which follow the filter
  in silver, the rows in quarantine, the numbers in data_quality_results, and this test. A record for which the
  expression is not true (null included) violates the rule.

  rule: a short name, unique in the model. expression: a boolean SQL expression over the model's columns.
  action:
    warn   the record is kept and counted; the test warns.
    drop   the record goes into quarantine and not into silver; the test fails where silver holds one.
    fail   the whole version of the file is refused. Declared on the bronze model, whose columns are text: dbt tests
           bronze before it builds anything below, so that silver and gold stay as they were. The test ends with an
           error that names rule, file, row and record.
#}
{% test expectation(model, rule, expression, action) %}

{{ config(severity="warn" if action == "warn" else "error") }}

{%- if action not in ("warn", "drop", "fail") -%}
  {%- do exceptions.raise_compiler_error(
      "expectation " ~ rule ~ ": action is " ~ action ~ ", but can only be warn, drop or fail."
  ) -%}
{%- endif %}

{%- if action == "fail" %}

with

current_version as (

    {{ newest_records(model) }}

),

violations as (

    select *
    from current_version
    where case when {{ expression }} then false else true end

),

first_violation as (

    select
        'Expectation {{ rule }} is violated in ' || _file_path
        || ', version ' || cast(_file_version as {{ dbt.type_string() }})
        || ', row ' || cast(_row_number as {{ dbt.type_string() }}) || ': ' || {{ record_as_json('violations') }}
        || ' The version is refused: silver and gold stay as they were. Load a mended version of the file.' as problem
    from violations
    where _row_number = (select min(_row_number) from violations)

)

select problem
from first_violation
where {{ raise_error('problem') }} is null

{%- else %}

select *
from {{ model }}
where case when {{ expression }} then false else true end

{%- endif %}

{% endtest %}
