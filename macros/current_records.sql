{#
  The place of a version among those of its file, 1 for the one that the source committed last, and of two with the same
  time for the one with the higher number.

  among: further columns that split the versions.
#}
{% macro recency(among=[]) -%}
  row_number() over (partition by {{ (among + ["_file_path"]) | join(", ") }} order by _committed_at desc, _file_version desc)
{%- endmacro %}


{#
  Every version of the files of a feed that was judged: what silver_file_versions has for all feeds. Which version is
  current is decided here and nowhere else.

  A model of one feed takes this and not that table, which every load of any feed changes: it would be computed again for
  the versions of others.
#}
{% macro file_versions(feed) -%}
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
            _file_path,
            _file_version,
            max(_committed_at) as _committed_at,
            case when max(case when _verdict = 'refused' then 1 else 0 end) = 1 then 'refused' else 'accepted' end as state,
            count(*) as records,
            {%- for verdict in ["kept", "repaired", "duplicate", "quarantined", "refused"] %}
            cast(sum(case when _verdict = '{{ verdict }}' then 1 else 0 end) as bigint) as {{ verdict }},
            {%- endfor %}
            max(_run_id) as _run_id,
            max(_judged_at) as _judged_at
        from {{ ref("silver_" ~ feed ~ "_records") }}
        group by _file_path, _file_version
    ) as judged_versions
{%- endmacro %}


{#
  The records of a feed that stand in silver: of each file those that its current version keeps; of a weekly feed, those
  of each week's latest version that keeps a record of the week. So a week that a later version lacks stays, and one that
  it restates is replaced as a whole. Where two files have a record with the same key, the one of the version that was
  committed later stands, and of two with the same time the one whose path sorts first.

  superseded: return the records that do not stand by that last rule instead.

  Example: see models/silver/silver_cast.sql
#}
{% macro current_records(feed, superseded=false) -%}
  {%- set records = ref("silver_" ~ feed ~ "_records") %}
  {%- set weekly = "week" in key_of(feed) %}
  {%- set part = (["week"] if weekly else []) + ["_file_path", "_file_version"] -%}
  with

    versions as (

        {{ file_versions(feed) }}

    ),

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
                    partition by weeks_of_versions.week, weeks_of_versions._file_path order by versions.recency
                ) as standing
            from weeks_of_versions
            inner join versions
                on {{ same(["_file_path", "_file_version"], "weeks_of_versions", "versions") }}
        ) as ranked
        where standing = 1

    ),
    {%- else %}

    current_parts as (

        select
            _file_path,
            _file_version
        from versions
        where is_current

    ),
    {%- endif %}

    several_files as (

        select files
        from (select count(distinct _file_path) as files from versions where state = 'accepted') as counted
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
{%- endmacro %}


{#
  The records of the newest version of every file in bronze, whether or not it is refused: for the tests on bronze.

  records: the bronze table. It takes the table and not a CTE over it: an engine may materialize a CTE that is read twice,
  with all its rows, where two scans of the table read few columns and skip the files of other versions.
#}
{% macro newest_records(records) -%}
  select {{ broadcast("versions") }} records.*
    from {{ records }} as records
    inner join (
        select
            _file_path,
            _file_version,
            {{ recency() }} as recency
        from {{ records }}
        group by _file_path, _file_version, _committed_at
    ) as versions
        on {{ same(["_file_path", "_file_version"], "records", "versions") }} and versions.recency = 1
{%- endmacro %}
