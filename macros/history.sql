{#
  The history of a feed whose files are full copies: what it said of each of its members (a title, a title's genre) and
  when, in the time of the source's commits. A member that a version lacks is gone from then on. Right under backfills in any
  order and with decisions about versions: it is worked out again from the first version that came or went.

  feed: as in models/silver, of which the key tells the members apart. columns: what is said of a member, beside the key;
  none where its being there is all.

  The other layouts of the feed (`layouts_of`) are read too. What a layout that is there instead of another feed says counts
  while that one has no accepted version. Its records have these columns; or, where they hold a list of what the feed has one
  of in a record, a member stands while the list of its record has it, and columns are not possible.

  The model is incremental, by merge, with not_matched_by_source_action='delete'; its unique key is `history_key(feed)`.

  Returns a query of the key, the columns, valid_from, valid_to (null while it is so), _file_path and _file_version (of the
  version that brought this state). For each version of a file that is in it there is one more row, whose key and
  columns are null: by these the next build knows where to go on.

  Examples: models/silver/silver_title_history.sql, silver_category_history.sql
#}
{% macro history_of(feed, columns=[]) -%}
{%- if var("linting", false) %}{# see macro judged #}
  select * from {{ ref("silver_" ~ feed ~ "_records") }}
{%- else -%}
{%- set key = key_of(feed) -%}
{%- set layouts = layouts_with_records(feed) -%}
{%- set several_files = may_have_several_files(layouts) -%}
{%- set lists = [] -%}
{%- set instead_of = [] -%}
{%- for layout in layouts -%}
  {%- set declared = declared_feeds()[layout] -%}
  {%- if feed in declared.get("lists", {}) %}{% do lists.append(layout) %}{% endif -%}
  {%- if declared.instead_of and declared.instead_of in layouts_with_records(declared.instead_of) -%}
    {%- do instead_of.append(declared.instead_of) -%}
  {%- endif -%}
{%- endfor -%}
with
{%- for layout in (layouts + instead_of) | unique %}

versions_of_{{ layout }} as (

    {{ file_versions(layout) }}

),
{%- endfor %}

-- The versions of every file in their order; of two with the same time the earlier one never stood.
versions as (

    {%- for layout in layouts %}
    {%- set other = declared_feeds()[layout].instead_of %}

    select
        '{{ layout }}' as layout,
        versions_of_{{ layout }}._file_path,
        versions_of_{{ layout }}._file_version,
        versions_of_{{ layout }}._committed_at,
        versions_of_{{ layout }}.replaced_at
    from versions_of_{{ layout }}
    {%- if other in instead_of %}
    cross join (select count(*) as accepted from versions_of_{{ other }} where state = 'accepted') as instead
    {%- endif %}
    where
        state = 'accepted' and (replaced_at is null or replaced_at > _committed_at)
        {%- if other in instead_of %}
        and instead.accepted = 0
        {%- endif %}
    {{- "\n\n    union all" if not loop.last }}
    {%- endfor %}

),
{%- if is_incremental() %}

known_versions as (

    select
        _file_path,
        _file_version,
        valid_from as _committed_at
    from {{ this }}
    where {{ key[0] }} is null

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
    where history.{{ key[0] }} is not null and (beginning.since is null or history.valid_to < beginning.since)

),

-- What stood just before is in the history already, so that its versions are not read again for it.
stood_before as (

    select
        history.*,
        beginning.since as replaced_at
    from {{ this }} as history
    cross join beginning
    where
        history.{{ key[0] }} is not null
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
{%- for layout in layouts %}
{%- set of_record = key_of(layout) if layout in lists else key %}
{%- set said = [declared_feeds()[layout].lists[feed]] if layout in lists else columns %}

read_{{ layout }} as (

    select {{ broadcast('read_versions') }}
        {{ prefixed(of_record + said, 'records') }},
        read_versions.replaced_at,
        records._file_path,
        records._file_version,
        records._committed_at
    from {{ ref('silver_' ~ layout ~ '_records') }} as records
    inner join read_versions
    on {{ same(['_file_path', '_file_version'], 'records', 'read_versions') }} and read_versions.layout = '{{ layout }}'
    where records._verdict = 'kept'

),
{%- if said %}

-- Of columns that a version has no more.
known_{{ layout }} as (

    {{ values_before(layout, 'versions_of_' ~ layout, 'read_' ~ layout, said) }}

),
{%- endif %}

-- What a version of a file has, for the time in which that version is the current one of its file.
observed_{{ layout }} as (

    select
        {{ prefixed(of_record, 'read_' ~ layout) }},
        {%- for column in said %}
        coalesce(read_{{ layout }}.{{ column }}, known_{{ layout }}.{{ column }}) as {{ column }},
        {%- endfor %}
        {%- if is_incremental() %}
        greatest(read_{{ layout }}._committed_at, beginning.since) as starts_at,
        {%- else %}
        read_{{ layout }}._committed_at as starts_at,
        {%- endif %}
        read_{{ layout }}.replaced_at as ends_at,
        read_{{ layout }}._file_path,
        read_{{ layout }}._file_version,
        read_{{ layout }}._committed_at
    from read_{{ layout }}
    {%- if said %}
    left join known_{{ layout }}
    on {{ same(['_file_path', '_file_version'] + of_record, 'read_' ~ layout, 'known_' ~ layout) }}
    {%- endif %}
    {%- if is_incremental() %}
    cross join beginning
    {%- endif %}

),
{%- if layout in lists and several_files %}

{{ shown_of_files('observed_' ~ layout, of_record, said, 'versions') }},
{%- endif %}
{%- endfor %}

observed as (

    {%- set times = ['starts_at', 'ends_at', '_file_path', '_file_version', '_committed_at'] %}
    {%- for layout in layouts %}

    select
        {{ (key + columns + times) | join(',\n        ') }}
    {%- if layout in lists %}
    {%- set records = ('shown_of_' if several_files else '') ~ 'observed_' ~ layout %}
    from ({{ names_in_lists(layout, feed, records, key_of(layout) + times) }}) as names_of_records
    {%- else %}
    from observed_{{ layout }}
    {%- endif %}
    {{- "\n\n    union all" if not loop.last }}
    {%- endfor %}

),
{#- A record with a list was chosen among those of several files already: who has the list has the say about all of it. #}
{%- set of_files = several_files and layouts != lists %}
{%- if of_files %}

{{ shown_of_files('observed', key, columns, 'versions') }},
{%- endif %}

shown as (

    select
        {{ (key + columns + times[:4]) | join(',\n        ') }}
    from {{ 'shown_of_observed' if of_files else 'observed' }}
    {%- if is_incremental() %}

    union all

    select
        {{ (key + columns) | join(',\n        ') }},
        valid_from as starts_at,
        replaced_at as ends_at,
        _file_path,
        _file_version
    from stood_before
    {%- endif %}

),

contents as (

    select
        {{ key | join(', ') }},
        starts_at,
        ends_at,
        {{ generate_surrogate_key(columns) if columns else 1 }} as content
    from shown

),

compared as (

    select
        {{ key | join(', ') }},
        starts_at,
        ends_at,
        case
            when
                lag(ends_at) over (partition by {{ key | join(', ') }} order by starts_at) = starts_at
                and lag(content) over (partition by {{ key | join(', ') }} order by starts_at) = content
                then 0
            else 1
        end as opens
    from contents

),

numbered as (

    select
        {{ key | join(', ') }},
        starts_at,
        ends_at,
        sum(opens) over (partition by {{ key | join(', ') }} order by starts_at) as span
    from compared

),

spans as (

    select
        {{ key | join(', ') }},
        min(starts_at) as valid_from,
        case when count(ends_at) = count(*) then max(ends_at) end as valid_to
    from numbered
    group by {{ key | join(', ') }}, span

)

    select
        {{ prefixed(key + columns, 'shown') }},
        spans.valid_from,
        spans.valid_to,
        shown._file_path,
        shown._file_version
    from spans
    inner join shown
    on {{ same(key, 'spans', 'shown') }} and spans.valid_from = shown.starts_at
    {%- if is_incremental() %}

    union all

    select
        {{ (key + columns) | join(', ') }},
        valid_from,
        valid_to,
        _file_path,
        _file_version
    from settled
    {%- endif %}

    union all

    select
        {%- for column in key + columns %}
        null as {{ column }},
        {%- endfor %}
        _committed_at as valid_from,
        _committed_at as valid_to,
        _file_path,
        _file_version
    from versions
{%- endif -%}
{%- endmacro %}


{# The key of a row of `history_of`. #}
{% macro history_key(feed) -%}
  {%- set key = key_of(feed) -%}
  case
        when {{ key[0] }} is null then {{ generate_surrogate_key(["_file_path", "_file_version"]) }}
        else {{ generate_surrogate_key(key + [timestamp_text("valid_from")]) }}
    end
{%- endmacro %}


{#
  CTEs by which, of what several files have, the file whose current version was committed last has the say at any moment.
  The last of them is shown_of_<observed>, with the columns of that one.

  observed: a CTE of what each version has (key, columns) and when (starts_at, ends_at), with _file_path, _file_version and
  _committed_at. versions: a CTE of the versions of all files.

  Example: see history_of
#}
{% macro shown_of_files(observed, key, columns, versions) -%}
several_files_of_{{ observed }} as (

    select files
    from (select count(distinct _file_path) as files from {{ versions }}) as counted
    where files > 1

),

shared_of_{{ observed }} as (

    select {{ prefixed(key, observed) }}
    from {{ observed }}
    cross join several_files_of_{{ observed }}
    group by {{ prefixed(key, observed) }}
    having count(distinct {{ observed }}._file_path) > 1

),

moments_of_{{ observed }} as (

    select
        {{ key | join(', ') }},
        moment,
        lead(moment) over (partition by {{ key | join(', ') }} order by moment) as next_moment
    from (
        select
            {{ prefixed(key, observed) }},
            {{ observed }}.starts_at as moment
        from {{ observed }}
        inner join shared_of_{{ observed }} as shared on {{ same(key, observed, 'shared') }}
        union
        select
            {{ prefixed(key, observed) }},
            {{ observed }}.ends_at as moment
        from {{ observed }}
        inner join shared_of_{{ observed }} as shared on {{ same(key, observed, 'shared') }}
        where {{ observed }}.ends_at is not null
    ) as changes

),

shown_of_{{ observed }} as (

    select {{ observed }}.*
    from {{ observed }}
    left join shared_of_{{ observed }} as shared on {{ same(key, observed, 'shared') }}
    where shared.{{ key[0] }} is null

    union all

    select
        {{ (key + columns) | join(', ') }},
        moment as starts_at,
        next_moment as ends_at,
        _file_path,
        _file_version,
        _committed_at
    from (
        select
            {{ observed }}.*,
            moments.moment,
            moments.next_moment,
            row_number() over (
                partition by {{ prefixed(key, observed) }}, moments.moment
                order by {{ observed }}._committed_at desc, {{ observed }}._file_path
            ) as standing
        from moments_of_{{ observed }} as moments
        inner join {{ observed }}
        on
            {{ same(key, 'moments', observed) }}
            and moments.moment >= {{ observed }}.starts_at
            and ({{ observed }}.ends_at is null or moments.moment < {{ observed }}.ends_at)
    ) as ranked
    where standing = 1

)
{%- endmacro %}
