{#
  Put records together again that the source broke over two lines, by one rule.

  A raw line break inside an unquoted field cuts a record in two, and each half is padded with empty fields:

      40,,Movie,The Memphis Belle: A Story of a,,,,,
      "Flying Fortress""",3/31/2017,1944,TV-PG,This documentary …,80119194,,,

  Record B continues record A where all of this holds:
    - B is the next record of the same version of the same file;
    - both lack the last field (the key), so neither is whole by itself;
    - A's fields up to the cut one and B's fields, the cut one counted once, number exactly the columns;
    - the record put together satisfies `is_whole`.
  The cut field is A's last text and B's first, joined by one space. A double quote at the end of the joined text
  that has no partner in it closed the field before it was cut, and is dropped.
  A record that is itself the continuation of another starts no pair.

  records: a relation with the columns, _file_path, _file_version, _committed_at and _row_number; text is trimmed,
  empty is null.
  columns: all columns of the file in their order; the last one is the key.
  is_whole: a condition on the columns.

  Returns a query with the columns and those of record A about its place, one row per pair.

  Example: see models/silver/records/silver_titles_records.sql
#}
{% macro rejoin_split_records(records, columns, is_whole) -%}
  {%- set n = columns | length -%}
  with

    halves as (

        select
            *,
            case
                {%- for column in columns | reverse %}
                when {{ column }} is not null then {{ n - loop.index0 }}
                {%- endfor %}
            end as fields
        from {{ records }}
        where {{ columns[-1] }} is null

    ),

    {#- Each half with the one after it. Window functions and not joins: Spark plans a CTE again for every reference. -#}
    {%- set ordered = "over (partition by _file_path, _file_version order by _row_number)" %}
    followed as (

        select
            *,
            lead(_row_number) {{ ordered }} as next_row_number,
            lead(fields) {{ ordered }} as next_fields,
            {%- for column in columns %}
            lead({{ column }}) {{ ordered }} as next_{{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        from halves

    ),

    {#- Column i of the pair, where A was cut in its field k: A's before the cut, B's after it, both at the cut. #}
    pairs as (

        select
            _file_path,
            _file_version,
            _committed_at,
            _row_number,
            fields as cut,
            {%- for i in range(n) %}
            case fields
                {%- for k in range(n - 1) %}
                when {{ k + 1 }} then
                    {%- if i < k %} {{ columns[i] }}
                    {%- elif i == k %} trim({{ columns[i] }} || ' ' || coalesce(next_{{ columns[0] }}, ''))
                    {%- else %} next_{{ columns[i - k] }}
                    {%- endif %}
                {%- endfor %}
            end as {{ columns[i] }}{{ "," if not loop.last }}
            {%- endfor %}
        from followed
        where _row_number + 1 = next_row_number and fields + next_fields - 1 = {{ n }}

    ),

    unquoted as (

        select
            _file_path,
            _file_version,
            _committed_at,
            _row_number,
            {%- for column in columns %}
            case
                when
                    cut = {{ loop.index }}
                    and {{ column }} like '%"'
                    and mod(length({{ column }}) - length(replace({{ column }}, '"', '')), 2) = 1
                    then trim(substr({{ column }}, 1, length({{ column }}) - 1))
                else {{ column }}
            end as {{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        from pairs

    ),

    whole as (

        select
            *,
            lag(_row_number) {{ ordered }} as earlier_row_number
        from unquoted
        where {{ is_whole }}

    )

    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from whole
    where earlier_row_number is null or earlier_row_number + 1 < _row_number
{%- endmacro %}
