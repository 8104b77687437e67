{#
  The expectations declared for a model, from the one place where they stand: the generic test `expectation` in the
  model's YAML (tests/dbt/generic/expectation.sql).

  model: name of a model. actions: which of warn, drop and fail.

  Returns a list of dictionaries with model, rule, expression and action, in the order of the rules' names; an empty
  list while dbt parses, when the graph is not known yet.

  Example: {% for rule in expectations("silver_titles", ["drop"]) %}
#}
{% macro expectations(model, actions=["warn", "drop", "fail"]) %}
  {{ return(declared_expectations(model) | selectattr("action", "in", actions) | list) }}
{% endmacro %}


{#
  The rules about a version as a whole, in the same form: those that dbt_project.yml declares for the versions of every
  feed, and those in the YAML of the silver model (config, meta): version_rules, and of unreadable_at_most one for each
  field, by what macro `untyped_values` says. An expression is over all judged records of one version: an aggregate.

  model: name of a silver model. actions: which of warn and hold.

  Example: {{ violated(version_rules("silver_titles", ["hold"])) }} as held_by
#}
{% macro version_rules(model, actions=["warn", "hold"]) %}
  {{ return(declared_expectations(model, about="version") | selectattr("action", "in", actions) | list) }}
{% endmacro %}


{#
  All expectations of a model, or of the project. about: record or version. A unit test is compiled without dbt's graph,
  and so reads them from the view that `remember_expectations` made when the run began.
#}
{% macro declared_expectations(model=none, about="record") %}
  {% set found = [] %}
  {% if execute and graph.nodes is defined %}
    {#- A call of a macro for each node of the graph would take most of a build in which there is nothing to do -#}
    {% set silver = feeds() | map("replace", "", "silver_", 1) | list %}
    {% for node in graph.nodes.values() | selectattr("resource_type", "equalto", "test" if about == "record" else "model") %}
      {% set rules = [] %}
      {% if about == "record" and (node.get("test_metadata") or {}).name == "expectation" %}
        {% set declared_by = node.attached_node.split(".")[2] %}
        {% do rules.append(node.test_metadata.kwargs) %}
      {% elif about == "version" and node.name in silver %}
        {% set declared_by = node.name %}
        {% set meta = node.config.meta %}
        {% do rules.extend(meta.rules_of_every_version + meta.get("version_rules", [])) %}
        {% for field, most in meta.get("unreadable_at_most", {}).items() %}
          {% do rules.append({"rule": field ~ "_is_readable", "action": "hold", "expression":
              "avg(case when '; ' || _untyped_values like '%; " ~ field ~ ": %' then 1.0 else 0.0 end) <= " ~ most ~ " or count(*) < 20"}) %}
        {% endfor %}
      {% endif %}
      {% for declared in rules if model in (none, declared_by) %}
        {% do found.append({
            "model": declared_by,
            "rule": declared.rule,
            "expression": render(declared.expression) if "{{" in declared.expression else declared.expression,
            "action": declared.action,
        }) %}
      {% endfor %}
    {% endfor %}
  {% elif execute %}
    {% for row in run_query("select model, rule, expression, action from declared_expectations where model = '" ~ model ~ "' and about = '" ~ about ~ "'").rows %}
      {% do found.append({"model": row[0], "rule": row[1], "expression": row[2], "action": row[3]}) %}
    {% endfor %}
  {% endif %}
  {{ return(found | sort(attribute="model,rule")) }}
{% endmacro %}


{# A view `declared_expectations` for the time of a run that may have unit tests. Called before each (dbt_project.yml). #}
{% macro remember_expectations() %}
  {% if execute and flags.WHICH in ("build", "test") and "unit_test" not in invocation_args_dict.get("exclude_resource_types", []) %}
    {% call statement(auto_begin=True) %}
      create or replace {{ "temporary view" if target.type == "spark" else "view" }} declared_expectations as
      select '' as about, '' as model, '' as rule, '' as expression, '' as action
      {%- for about in ["record", "version"] %}
      {%- for declared in declared_expectations(about=about) %}
      union all
      select '{{ about }}', '{{ declared.model }}', '{{ declared.rule }}', '{{ dbt.escape_single_quotes(declared.expression) }}', '{{ declared.action }}'
      {%- endfor %}
      {%- endfor %}
    {% endcall %}
    {#- dbt rolls back what a hook leaves open -#}
    {% do adapter.commit() %}
  {% endif %}
{% endmacro %}


{#
  The names of the rules that a record violates, joined by commas in the order of the names; null where there are none.

  rules: what `expectations` returns. An expression that is null counts as violated.

  Example: {{ violated(expectations("silver_titles", ["drop"])) }} as dropped_by

  The first branch answers for nearly all records, without making any text.
#}
{% macro violated(rules) -%}
  {%- if not rules -%}
    cast(null as {{ dbt.type_string() }})
  {%- else -%}
    case
            when {% for rule in rules %}({{ rule.expression }}){{ " and " if not loop.last }}{% endfor %} then null
            else concat_ws(',', {% for rule in rules %}case when ({{ rule.expression }}) then null else '{{ rule.rule }}' end{{ ", " if not loop.last }}{% endfor %})
        end
  {%- endif -%}
{%- endmacro %}
