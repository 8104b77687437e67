{#
  The place of a version among those of its file, 1 for the one that the source committed last, and of two with the same
  time for the one with the higher number.

  among: further columns that split the versions.
#}
{% macro recency(among=[]) -%}
  row_number() over (partition by {{ (among + ["_file_path"]) | join(", ") }} order by _committed_at desc, _file_version desc)
{%- endmacro %}


{#
  Every version of the files of a feed that was judged: what silver_file_versions has for all feeds. The state of a version
  and which one is current are decided here and nowhere else.

  state
    unconfigured   the configuration names other files in the place of its file, and a version of these is accepted
    rejected       somebody took it back (python -m ingest reject)
    refused        a record of it violates a rule of action fail
    held           ingest held it, or it violates a version rule of action hold; until somebody releases it
    accepted       any other

  A model of one feed takes this and not that table, which every load of any feed changes: it would be computed again for
  the versions of others.

  decisions: the table silver_version_decisions, where it is not to be one of the nodes that dbt knows the caller by. A test
  that refers to it would be run with every feed, whether or not the tables of its own are there.

  records: in the same way the table of the feed's judged records.
#}
{% macro file_versions(feed, decisions=none, records=none) -%}
{%- if var("linting", false) %}{# see macro judged #}
  select * from {{ records or ref("silver_" ~ feed ~ "_records") }}
{%- else -%}
  {#- Files that the configuration names have taken the place of others once a version of theirs is accepted #}
  {%- set replaced = "unconfigured is not null"
      ~ " and max(case when own_state = 'accepted' and unconfigured is null then 1 else 0 end) over () = 1" %}
  select
        *,
        case when state = 'accepted' then {{ recency(["state"]) }} end as recency,
        case
            when state = 'accepted'
                then lead(_committed_at) over (partition by state, _file_path order by _committed_at, _file_version)
        end as replaced_at,
        state = 'accepted' and {{ recency(["state"]) }} = 1 as is_current
    from (
        select
            *,
            case when {{ replaced }} then 'unconfigured' else own_state end as state,
            case when {{ replaced }} then unconfigured else own_reason end as reason
        from (
            select
                judged_versions.*,
                decisions.decision,
                decisions.decided_by,
                decisions.unconfigured,
                case
                    when decisions.decision = 'rejected' then 'rejected'
                    when judged_versions.refused > 0 then 'refused'
                    when decisions.decision = 'released' then 'accepted'
                    when decisions.decision = 'held' or judged_versions.held_by is not null then 'held'
                    else 'accepted'
                end as own_state,
                coalesce(
                    decisions.reason,
                    case when judged_versions.refused > 0 then 'a record violates a rule of action fail' end,
                    'violates ' || judged_versions.held_by
                ) as own_reason
            from (
                select
                    _file_path,
                    _file_version,
                    max(_committed_at) as _committed_at,
                    count(*) as records,
                    {%- for verdict in ["kept", "repaired", "duplicate", "quarantined", "refused"] %}
                    cast(sum(case when _verdict = '{{ verdict }}' then 1 else 0 end) as bigint) as {{ verdict }},
                    {%- endfor %}
                    {{ violated(version_rules("silver_" ~ feed, ["hold"])) }} as held_by,
                    {{ violated(version_rules("silver_" ~ feed, ["warn"])) }} as warned_by,
                    max(_run_id) as _run_id,
                    max(_judged_at) as _judged_at
                from {{ records or ref("silver_" ~ feed ~ "_records") }}
                group by _file_path, _file_version
            ) as judged_versions
            left join {{ decisions or ref("silver_version_decisions") }} as decisions
                on
                    decisions.model = 'silver_{{ feed }}'
                    and {{ same(["_file_path", "_file_version"], "judged_versions", "decisions") }}
        ) as decided
    ) as versions
{%- endif -%}
{%- endmacro %}


{#
  The records of a feed that stand in silver: of each file those that its current version keeps; of a weekly feed, those
  of each week's latest version that keeps a record of the week. So a week that a later version lacks stays, and one that
  it restates is replaced as a whole. Where two files have a record with the same key, the one of the version that was
  committed later stands, and of two with the same time the one whose path sorts first. Of a feed that is there instead of
  another one, no record stands while that one has an accepted version.

  superseded: return the records that do not stand by the last two rules instead. decisions: as in `file_versions`.
  versions: a CTE or subquery with the feed's versions, in a model that has one, so that their records are counted once.

  Example: see models/silver/silver_cast.sql
#}
{% macro current_records(feed, superseded=false, decisions=none, versions=none) -%}
{%- if var("linting", false) %}{# see macro judged #}
  select * from {{ ref("silver_" ~ feed ~ "_records") }}
{%- else -%}
  {%- set records = ref("silver_" ~ feed ~ "_records") %}
  {%- set weekly = "week" in key_of(feed) %}
  {%- set instead_of = declared_feeds()[feed].instead_of %}
  {%- set own = versions or "versions" %}
  {%- set part = (["week"] if weekly else []) + ["_file_path", "_file_version"] -%}
  with

    {%- if not versions %}

    versions as (

        {{ file_versions(feed, decisions) }}

    ),
    {%- endif %}
    {%- if weekly %}

    weeks_of_versions as (

        select distinct
            week,
            _file_path,
            _file_version
        from {{ records }}
        where _verdict = 'kept'

    ),

    current_parts as (

        select
            week,
            _file_path,
            _file_version
        from (
            select
                weeks_of_versions.*,
                row_number() over (
                    partition by weeks_of_versions.week, weeks_of_versions._file_path
                    order by versions._committed_at desc, versions._file_version desc
                ) as standing
            from weeks_of_versions
            inner join {{ own }} as versions
                on
                    {{ same(["_file_path", "_file_version"], "weeks_of_versions", "versions") }}
                    and versions.state = 'accepted'
        ) as ranked
        where standing = 1

    ),
    {%- else %}

    current_parts as (

        select
            _file_path,
            _file_version
        from {{ own }}
        where is_current

    ),
    {%- endif %}

    several_files as (

        select files
        from (select count(distinct _file_path) as files from {{ own }} where state = 'accepted') as counted
        where files > 1

    ),

    superseded as (

        select
            _file_path,
            _file_version,
            _row_number
        from (
            select
                records._file_path,
                records._file_version,
                records._row_number,
                row_number() over (
                    partition by {{ prefixed(key_of(feed), "records") }} order by records._committed_at desc, records._file_path
                ) as standing
            from {{ records }} as records
            inner join (select current_parts.* from current_parts cross join several_files) as parts
                on {{ same(part, "records", "parts") }}
            where records._verdict = 'kept'
        ) as rivals
        where standing > 1
        {%- if instead_of %}

        union

        select
            records._file_path,
            records._file_version,
            records._row_number
        from {{ records }} as records
        inner join current_parts
            on {{ same(part, "records", "current_parts") }}
        cross join (
            {%- set other = "silver_" ~ instead_of ~ "_records" %}
            select count(*) as accepted
            from ({{ file_versions(instead_of, decisions, decisions.incorporate(path={"identifier": other}) if decisions else none) }}) as versions_instead
            where state = 'accepted'
        ) as instead
        where records._verdict = 'kept' and instead.accepted > 0
        {%- endif %}

    )
    {%- if superseded %}

    select * from superseded
    {%- else %}

    select {{ broadcast("current_parts") }} records.*
    from {{ records }} as records
    inner join current_parts
        on {{ same(part, "records", "current_parts") }}
    left join superseded
        on {{ same(["_file_path", "_file_version", "_row_number"], "records", "superseded") }}
    where records._verdict = 'kept' and superseded._row_number is null
    {%- endif %}
{%- endif -%}
{%- endmacro %}


{#
  What was known of columns that a version has no more: where no record of a version has a value in a column, the values of
  the newest accepted version before it that has some, by a key. No rows where no version lacks a column, as a rule.

  versions: a CTE with what `file_versions` returns. records: one of kept records of accepted versions, with the columns.
  columns: those beside the key. key: by what a value is known again, which may be null; the key of the feed where it is
  not named. beside: columns with another one that they depend on, as views do on hours; what that one was then is
  returned as <other>_of_<column>.

  Example: see models/silver/silver_titles.sql
#}
{% macro values_before(feed, versions, records, columns, key=none, beside={}) -%}
{%- if var("linting", false) %}{# see macro judged #}
  select * from {{ versions }}
{%- else -%}
  {%- set key = key or key_of(feed) %}
  {%- set read = (key + columns + beside.values() | list) | unique | list -%}
  with

    lacking as (

        select
            _file_path,
            _file_version,
            {%- for column in columns %}
            count({{ column }}) > 0 as has_{{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        from {{ records }}
        group by _file_path, _file_version
        having {% for column in columns %}{{ "or " if not loop.first }}count({{ column }}) = 0 {% endfor %}

    ),

    earlier as (

        select
            lacking._file_path,
            lacking._file_version,
            before._file_version as earlier_version,
            before.recency
        from lacking
        inner join {{ versions }} as own
            on {{ same(["_file_path", "_file_version"], "lacking", "own") }}
        inner join {{ versions }} as before
            on lacking._file_path = before._file_path and own.recency < before.recency

    ),

    earlier_records as (

        select {{ broadcast("earlier") }}
            {{ prefixed(read, "records") }},
            earlier._file_path,
            earlier._file_version,
            earlier.recency
        from {{ ref("silver_" ~ feed ~ "_records") }} as records
        inner join earlier
            on records._file_path = earlier._file_path and records._file_version = earlier.earlier_version
        where records._verdict = 'kept'

    ),

    having_some as (

        select
            _file_path,
            _file_version,
            recency,
            {%- for column in columns %}
            count({{ column }}) > 0 as has_{{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        from earlier_records
        group by _file_path, _file_version, recency

    ),

    giving as (

        select
            lacking._file_path,
            lacking._file_version,
            {%- for column in columns %}
            min(case when having_some.has_{{ column }} and not lacking.has_{{ column }} then having_some.recency end) as {{ column }}
            {{- "," if not loop.last }}
            {%- endfor %}
        from lacking
        inner join having_some
            on {{ same(["_file_path", "_file_version"], "lacking", "having_some") }}
        group by lacking._file_path, lacking._file_version

    )

    select
        {{ prefixed(key, "earlier_records") }},
        {%- for column in columns %}
        max(case when earlier_records.recency = giving.{{ column }} then earlier_records.{{ column }} end) as {{ column }},
        {%- endfor %}
        {%- for column, other in beside.items() %}
        max(case when earlier_records.recency = giving.{{ column }} then earlier_records.{{ other }} end) as {{ other }}_of_{{ column }},
        {%- endfor %}
        giving._file_path,
        giving._file_version
    from earlier_records
    inner join giving
        on {{ same(["_file_path", "_file_version"], "earlier_records", "giving") }}
    group by {{ prefixed(key, "earlier_records") }}, giving._file_path, giving._file_version
{%- endif -%}
{%- endmacro %}


{#
  The newest row of every version in the ledger: that it was loaded or held, or what somebody decided about it; with
  unconfigured, why the versions of its file do not count where the configuration names others, and null elsewhere.

  files: the ledger.
#}
{% macro latest_statuses(files) -%}
  select
            said.*,
            of_files.reason as unconfigured
        from (
            select
                *,
                row_number() over (
                    partition by raw_table, _file_path, _file_version
                    order by _ingested_at desc, case when status in ('released', 'rejected') then 0 else 1 end
                ) as recency
            from ({{ raw_records(files) }}) as files
            where _file_version is not null
        ) as said
        left join (
            select
                *,
                row_number() over (partition by raw_table, _file_path order by _ingested_at desc) as recency
            from ({{ raw_records(files) }}) as files
            where status in ('configured', 'unconfigured')
        ) as of_files
            on
                said.raw_table = of_files.raw_table
                and said._file_path = of_files._file_path
                and of_files.recency = 1
                and of_files.status = 'unconfigured'
        where said.recency = 1
{%- endmacro %}


{#
  The records of the newest version of every file in bronze, whether or not it is refused, but for versions that ingest
  holds or somebody rejected, and files that are no longer configured: for the tests on bronze.

  records: the bronze table. It takes the table and not a CTE over it: an engine may materialize a CTE that is read twice,
  with all its rows, where two scans of the table read few columns and skip the files of other versions.

  The ledger is read by its name and not by source(): otherwise dbt would take every test on bronze for one about the models
  that read the ledger, and run it with them, whether or not its own bronze table is there.
#}
{% macro newest_records(records) -%}
{%- if var("linting", false) %}{# see macro judged #}
  select * from {{ records }}
{%- else -%}
  select {{ broadcast("versions") }} records.*
    from {{ records }} as records
    inner join (
        select
            _file_path,
            _file_version,
            {{ recency() }} as recency
        from (
            select
                _file_path,
                _file_version,
                _committed_at
            from {{ records }}
            group by _file_path, _file_version, _committed_at
        ) as loaded
        where not exists (
            select 1
            from ({{ latest_statuses(api.Relation.create(schema="raw", identifier="_files")) }}) as latest
            where
                latest.raw_table = '{{ (declared_feeds()[records.identifier | replace("bronze_", "")] if execute else {}).raw_table }}'
                and (latest.status in ('held', 'rejected') or latest.unconfigured is not null)
                and {{ same(["_file_path", "_file_version"], "latest", "loaded") }}
        )
    ) as versions
        on {{ same(["_file_path", "_file_version"], "records", "versions") }} and versions.recency = 1
{%- endif -%}
{%- endmacro %}
