{{
    config(
        unique_key='title_version_key',
        not_matched_by_source_action='delete',
    )
}}

{%- set fields = [
    'type', 'title', 'description', 'rating', 'duration_minutes', 'duration_seasons', 'release_year', 'date_added',
] %}

with

-- The versions of every file in their order; of two with the same time the earlier one never stood.
versions as (

    select
        _file_path,
        _file_version,
        _committed_at,
        replaced_at
    from ({{ file_versions('titles') }}) as versions_of_titles
    where state = 'accepted' and (replaced_at is null or replaced_at > _committed_at)

),
{%- if is_incremental() %}

known_versions as (

    select
        _file_path,
        _file_version,
        valid_from as _committed_at
    from {{ this }}
    where show_id is null

),

new_versions as (

    select
        _file_path,
        _file_version,
        _committed_at
    from versions
    except
    select
        _file_path,
        _file_version,
        _committed_at
    from known_versions

),

lost_versions as (

    select
        _file_path,
        _file_version,
        _committed_at
    from known_versions
    except
    select
        _file_path,
        _file_version,
        _committed_at
    from versions

),

-- From here on the history is worked out again: from the next version, as a rule, and from an older one after a backfill.
beginning as (

    select min(_committed_at) as since
    from (
        select _committed_at from new_versions
        union all
        select _committed_at from lost_versions
    ) as changed_versions

),

settled as (

    select history.*
    from {{ this }} as history
    cross join beginning
    where history.show_id is not null and (beginning.since is null or history.valid_to < beginning.since)

),

-- What stood just before is in the history already, so that its versions are not read again for it.
stood_before as (

    select
        history.*,
        beginning.since as replaced_at
    from {{ this }} as history
    cross join beginning
    where
        history.show_id is not null
        and history.valid_from < beginning.since
        and (history.valid_to is null or history.valid_to >= beginning.since)

),
{%- endif %}

read_versions as (

    select versions.*
    from versions
    {%- if is_incremental() %}
    cross join beginning
    where beginning.since is not null and (versions.replaced_at is null or versions.replaced_at > beginning.since)
    {%- endif %}

),

read_titles as (

    select {{ broadcast('read_versions') }}
        records.show_id,
        {{ prefixed(fields, 'records') }},
        read_versions.replaced_at,
        records._file_path,
        records._file_version,
        records._committed_at
    from {{ ref('silver_titles_records') }} as records
    inner join read_versions
    on {{ same(['_file_path', '_file_version'], 'records', 'read_versions') }}
    where records._verdict = 'kept'

),

-- Of columns that a version has no more.
known_before as (

    {{ values_before('titles', 'read_titles', fields) }}

),

-- A title as a version of a file has it, for the time in which that version is the current one of its file.
observed as (

    select
        read_titles.show_id,
        {%- for field in fields %}
        coalesce(read_titles.{{ field }}, known_before.{{ field }}) as {{ field }},
        {%- endfor %}
        {%- if is_incremental() %}
        greatest(read_titles._committed_at, beginning.since) as starts_at,
        {%- else %}
        read_titles._committed_at as starts_at,
        {%- endif %}
        read_titles.replaced_at as ends_at,
        read_titles._file_path,
        read_titles._file_version,
        read_titles._committed_at
    from read_titles
    left join known_before
    on {{ same(['_file_path', '_file_version', 'show_id'], 'read_titles', 'known_before') }}
    {%- if is_incremental() %}
    cross join beginning

    union all

    select
        show_id,
        {{ fields | join(', ') }},
        valid_from as starts_at,
        replaced_at as ends_at,
        _file_path,
        _file_version,
        valid_from as _committed_at
    from stood_before
    {%- endif %}

),

several_files as (

    select files
    from (select count(distinct _file_path) as files from versions) as counted
    where files > 1

),

-- Titles of several files: at any moment, the file whose current version was committed last has the say.
shared_titles as (

    select observed.show_id
    from observed
    cross join several_files
    group by observed.show_id
    having count(distinct observed._file_path) > 1

),

moments as (

    select
        show_id,
        moment,
        lead(moment) over (partition by show_id order by moment) as next_moment
    from (
        select
            observed.show_id,
            observed.starts_at as moment
        from observed
        inner join shared_titles on observed.show_id = shared_titles.show_id
        union
        select
            observed.show_id,
            observed.ends_at as moment
        from observed
        inner join shared_titles on observed.show_id = shared_titles.show_id
        where observed.ends_at is not null
    ) as changes

),

shown as (

    select observed.*
    from observed
    left join shared_titles on observed.show_id = shared_titles.show_id
    where shared_titles.show_id is null

    union all

    select
        show_id,
        {{ fields | join(', ') }},
        moment as starts_at,
        next_moment as ends_at,
        _file_path,
        _file_version,
        _committed_at
    from (
        select
            observed.*,
            moments.moment,
            moments.next_moment,
            row_number() over (
                partition by observed.show_id, moments.moment
                order by observed._committed_at desc, observed._file_path
            ) as standing
        from moments
        inner join observed
        on
            moments.show_id = observed.show_id
            and moments.moment >= observed.starts_at
            and (observed.ends_at is null or moments.moment < observed.ends_at)
    ) as ranked
    where standing = 1

),

contents as (

    select
        show_id,
        starts_at,
        ends_at,
        {{ generate_surrogate_key(fields) }} as content
    from shown

),

compared as (

    select
        show_id,
        starts_at,
        ends_at,
        case
            when
                lag(ends_at) over (partition by show_id order by starts_at) = starts_at
                and lag(content) over (partition by show_id order by starts_at) = content
                then 0
            else 1
        end as opens
    from contents

),

numbered as (

    select
        show_id,
        starts_at,
        ends_at,
        sum(opens) over (partition by show_id order by starts_at) as title_version
    from compared

),

spans as (

    select
        show_id,
        min(starts_at) as valid_from,
        case when count(ends_at) = count(*) then max(ends_at) end as valid_to
    from numbered
    group by show_id, title_version

),

history as (

    select
        shown.show_id,
        {{ prefixed(fields, 'shown') }},
        spans.valid_from,
        spans.valid_to,
        shown._file_path,
        shown._file_version
    from spans
    inner join shown
    on spans.show_id = shown.show_id and spans.valid_from = shown.starts_at
    {%- if is_incremental() %}

    union all

    select
        show_id,
        {{ fields | join(', ') }},
        valid_from,
        valid_to,
        _file_path,
        _file_version
    from settled
    {%- endif %}

    union all

    select
        cast(null as bigint) as show_id,
        {%- for field in fields %}
        null as {{ field }},
        {%- endfor %}
        _committed_at as valid_from,
        _committed_at as valid_to,
        _file_path,
        _file_version
    from versions

)

select
    case
        when show_id is null then {{ generate_surrogate_key(['_file_path', '_file_version']) }}
        else {{ generate_surrogate_key(['show_id', timestamp_text('valid_from')]) }}
    end as title_version_key,
    show_id,

    type,
    title,
    description,
    rating,

    duration_minutes,
    duration_seasons,
    release_year,

    date_added,

    valid_from,
    valid_to,

    _file_path,
    _file_version
from history
