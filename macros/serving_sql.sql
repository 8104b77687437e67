{#
  Print the SQL by which a BI engine finds gold: dbt run-operation serving_sql --args '{dialect: synapse}'

  dialect: synapse (T-SQL for a serverless pool: external data source, views with explicit types), databricks (external
    tables with comments and grants) or duckdb (a catalogue of views; `make duckdb` makes a file of it).
  location: where the engine finds the folder `gold`, if that is not LAKEHOUSE_ROOT. Synapse reads https://…dfs.core…,
    Databricks abfss://….
  readers: who may read, on databricks: names joined by commas (default: LAKEHOUSE_READERS).

  Only prints, changes nothing. `dbt --quiet run-operation …` prints nothing but the SQL. See docs/serving.md.
#}
{% macro serving_sql(dialect, location=none, readers=none) %}
  {% set dialects = {"synapse": synapse_sql, "databricks": databricks_sql, "duckdb": duckdb_sql} %}
  {% if dialect not in dialects %}
    {% do exceptions.raise_compiler_error("serving_sql: dialect is one of " ~ dialects | join(", ") ~ ", not " ~ dialect) %}
  {% endif %}
  {% set models = [] %}
  {% for node in graph.nodes.values() if node.resource_type == "model" and node.schema == "gold" %}
    {% do models.append(node) %}
  {% endfor %}
  {% set root = (location or lake_root()).rstrip("/") %}
  {% set readers = readers or env_var("LAKEHOUSE_READERS", "") %}
  {% do print(dialects[dialect](models | sort(attribute="name"), root, readers.split(",") | map("trim") | select | list)) %}
{% endmacro %}


{% macro synapse_sql(models, root, readers) %}
  {%- set types = {
      "bigint": "bigint", "int": "int", "double": "float", "boolean": "bit", "date": "date", "timestamp": "datetime2(6)",
      "string": "varchar(max)",
  } -%}
  {%- if root.startswith("abfss://") -%}
    {%- set container, rest = root[8:].split("@", 1) -%}
    {%- set account, _, path = rest.partition("/") -%}
    {%- set root = "https://" ~ account ~ "/" ~ container ~ "/" ~ path -%}
  {%- elif root.startswith("az://") -%}
    {%- set account = env_var("AZURE_STORAGE_ACCOUNT_NAME", "<account>") -%}
    {%- set root = "https://" ~ account ~ ".dfs.core.windows.net/" ~ root[5:] -%}
  {%- elif not root.startswith("https://") -%}
    {%- set root = "https://<account>.dfs.core.windows.net/<container>/" ~ root.split("/") | last -%}
  {%- endif -%}
-- Synapse serverless SQL pool: gold as views over the Delta folders. Times are in UTC.
-- The identity of the workspace needs the role Storage Blob Data Reader on the storage account.
if db_id('netflix_lakehouse') is null
    create database netflix_lakehouse collate Latin1_General_100_BIN2_UTF8;
go
use netflix_lakehouse;
go
if not exists (select 1 from sys.symmetric_keys where name = '##MS_DatabaseMasterKey##')
    create master key;
go
if not exists (select 1 from sys.database_scoped_credentials where name = 'lakehouse')
    create database scoped credential lakehouse with identity = 'Managed Identity';
go
if not exists (select 1 from sys.external_data_sources where name = 'lakehouse')
    create external data source lakehouse with (location = '{{ root }}', credential = lakehouse);
go
if schema_id('gold') is null
    exec('create schema gold');
go
{%- for model in models %}
-- {{ one_line(model.description) }}
create or alter view gold.{{ model.name }} as
select
{%- for column in model.columns.values() %}
    [{{ column.name }}]{{ "," if not loop.last }}
{%- endfor %}
from openrowset(
    bulk 'gold/{{ model.name }}', data_source = 'lakehouse', format = 'delta'
) with (
{%- for column in model.columns.values() %}
    [{{ column.name }}] {{ types[column.data_type] }}{{ "," if not loop.last }}
{%- endfor %}
) as [rows];
go
{%- endfor %}
{% endmacro %}


{% macro databricks_sql(models, root, readers) %}
  {%- set q = "`" -%}
-- Databricks: gold as external tables over the Delta folders. Columns and types are those of the tables themselves.
-- Unity Catalog needs an external location that covers {{ root }}.
create schema if not exists gold comment 'Star schema, marts and data quality of the Netflix lakehouse';
{%- for model in models %}

create table if not exists gold.{{ model.name }} using delta location '{{ root }}/gold/{{ model.name }}';
comment on table gold.{{ model.name }} is '{{ backslashed(one_line(model.description)) }}';
{%- for column in model.columns.values() %}
alter table gold.{{ model.name }} alter column {{ q }}{{ column.name }}{{ q }} comment '{{ backslashed(one_line(column.description)) }}';
{%- endfor %}
{%- endfor %}
{%- for reader in readers %}

grant use schema, select on schema gold to {{ q }}{{ reader }}{{ q }};
{%- endfor %}
{% endmacro %}


{% macro duckdb_sql(models, root, readers) %}
-- DuckDB: gold as views over the Delta folders. Needs the extension delta, which DuckDB loads by itself.
create schema if not exists gold;
{%- for model in models %}

create or replace view gold.{{ model.name }} as
select
{%- for column in model.columns.values() %}
    "{{ column.name }}"{{ "," if not loop.last }}
{%- endfor %}
from delta_scan('{{ quoted(root) }}/gold/{{ model.name }}');
comment on view gold.{{ model.name }} is '{{ quoted(one_line(model.description)) }}';
{%- for column in model.columns.values() %}
comment on column gold.{{ model.name }}."{{ column.name }}" is '{{ quoted(one_line(column.description)) }}';
{%- endfor %}
{%- endfor %}
{% endmacro %}


{% macro one_line(text) %}{{ return(text.split() | join(" ")) }}{% endmacro %}

{% macro quoted(text) %}{{ return(text.replace("'", "''")) }}{% endmacro %}

{% macro backslashed(text) %}{{ return(text.replace("\\", "\\\\").replace("'", "\\'")) }}{% endmacro %}
