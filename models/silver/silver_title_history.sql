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

judged_versions as (

    select
        _file_path,
        _file_version,
        _committed_at,
        row_number() over (partition by _committed_at order by _file_version desc, _file_path asc) as recency
    from {{ ref('silver_titles_verdicts') }}
    where verdict <> 'refused'
    group by _file_path, _file_version, _committed_at

),

-- The states of the catalogue in their order; of two versions with the same time the earlier one never was a state.
states as (

    select
        _file_path,
        _file_version,
        _committed_at,
        row_number() over (order by _committed_at) as state
    from judged_versions
    where recency = 1

),
{%- if is_incremental() %}

known_states as (

    select
        _file_path,
        _file_version,
        valid_from as _committed_at
    from {{ this }}
    where show_id is null

),

new_states as (

    select
        _file_path,
        _file_version,
        _committed_at
    from states
    except
    select
        _file_path,
        _file_version,
        _committed_at
    from known_states

),

lost_states as (

    select
        _file_path,
        _file_version,
        _committed_at
    from known_states
    except
    select
        _file_path,
        _file_version,
        _committed_at
    from states

),

-- From here on the history is worked out anew: from the next state, as a rule, and from an older one after a backfill.
beginning as (

    select min(_committed_at) as since
    from (
        select _committed_at from new_states
        union all
        select _committed_at from lost_states
    ) as changed_states

),

settled as (

    select history.*
    from {{ this }} as history
    cross join beginning
    where history.show_id is not null and (beginning.since is null or history.valid_to < beginning.since)

),

-- The last state before stands in the history already, so that its version is not read again.
state_before as (

    select history.*
    from {{ this }} as history
    cross join beginning
    where
        history.show_id is not null
        and history.valid_from < beginning.since
        and (history.valid_to is null or history.valid_to >= beginning.since)

),
{%- endif %}

read_titles as (

    {{
        records_of(
            catalogue_feed('titles'),
            ref('silver_titles_verdicts'),
            'select _file_path, _file_version from states'
            ~ (' where _committed_at >= (select since from beginning)' if is_incremental() else ''),
        )
    }}

),

observed as (

    select {{ broadcast('states') }}
        read_titles.show_id,
        {{ prefixed(fields, 'read_titles') }},
        states.state,
        read_titles._committed_at as valid_from,
        read_titles._file_path,
        read_titles._file_version
    from read_titles
    inner join states
    on {{ same(['_file_path', '_file_version'], 'read_titles', 'states') }}
    {%- if is_incremental() %}

    union all

    select
        show_id,
        {{ fields | join(', ') }},
        (
            select count(*) from states cross join beginning
            where states._committed_at < beginning.since
        ) as state,
        valid_from,
        _file_path,
        _file_version
    from state_before
    {%- endif %}

),

contents as (

    select
        show_id,
        state,
        {{ generate_surrogate_key(fields) }} as content
    from observed

),

compared as (

    select
        show_id,
        state,
        case
            when
                lag(state) over (partition by show_id order by state) = state - 1
                and lag(content) over (partition by show_id order by state) = content
                then 0
            else 1
        end as opens
    from contents

),

numbered as (

    select
        show_id,
        state,
        sum(opens) over (partition by show_id order by state) as title_version
    from compared

),

spans as (

    select
        show_id,
        min(state) as first_state,
        max(state) as last_state
    from numbered
    group by show_id, title_version

),

history as (

    select {{ broadcast('next_states') }}
        observed.show_id,
        {{ prefixed(fields, 'observed') }},
        observed.valid_from,
        next_states._committed_at as valid_to,
        observed._file_path,
        observed._file_version
    from spans
    inner join observed
    on spans.show_id = observed.show_id and spans.first_state = observed.state
    left join states as next_states
    on spans.last_state + 1 = next_states.state
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
    from states

)

select
    {{ generate_surrogate_key(['show_id', timestamp_text('valid_from')]) }} as title_version_key,
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
