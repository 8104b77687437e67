{%- set fields = [
    'title', 'type', 'description', 'rating', 'duration_minutes', 'duration_seasons', 'release_year', 'date_added',
] %}
{%- set members = {'genres': 'silver_category_history', 'directors': 'silver_director_history'} %}

with

dim_title as (

    select * from {{ ref('dim_title') }}
    where title_key <> -1

),
{%- for history in members.values() %}

{{ history }} as (

    select * from {{ ref(history) }}

),
{%- endfor %}

beside_others as (

    select
        title_version_key,
        title_key,
        valid_from,
        valid_to,
        lag(title_version_key) over (partition by title_key order by valid_from) as previous_version_key,
        lag(valid_to) over (partition by title_key order by valid_from) as previous_valid_to,
        lead(valid_from) over (partition by title_key order by valid_from) as next_valid_from
    from dim_title

),

first_state as (

    select min(valid_from) as first_valid_from from dim_title

),

comings_and_goings as (

    {%- for field, history in members.items() %}

    select
        '{{ field }}' as field,
        show_id,
        valid_from as changed_at,
        _file_path,
        valid_from = min(valid_from) over (partition by show_id) as is_first_of_title
    from {{ history }}
    where show_id is not null

    union all

    select
        '{{ field }}' as field,
        show_id,
        valid_to as changed_at,
        _file_path,
        false as is_first_of_title
    from {{ history }}
    where show_id is not null and valid_to is not null
    {{- "\n\n    union all" if not loop.last }}
    {%- endfor %}

),

first_states_of_files as (

    {%- for field, history in members.items() %}

    select
        '{{ field }}' as field,
        _file_path,
        min(valid_from) as first_valid_from
    from {{ history }}
    where show_id is null
    group by _file_path
    {{- "\n\n    union all" if not loop.last }}
    {%- endfor %}

),

-- What the first state of a file says of a title of which nothing was known is no change.
member_changes as (

    select
        {{ generate_surrogate_key(['comings_and_goings.show_id']) }} as title_key,
        cast(comings_and_goings.changed_at as {{ dbt.type_timestamp() }}) as changed_at,
        {%- for field in members %}
        max(case when comings_and_goings.field = '{{ field }}' then '{{ field }}' end) as {{ field }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from comings_and_goings
    inner join first_states_of_files
        on {{ same(['field', '_file_path'], 'comings_and_goings', 'first_states_of_files') }}
    where
        not comings_and_goings.is_first_of_title
        or comings_and_goings.changed_at > first_states_of_files.first_valid_from
    group by comings_and_goings.show_id, comings_and_goings.changed_at

),

-- Of titles that stand then: what one loses when it goes is no change, nor is below what one has when it comes.
member_changes_of_titles as (

    select
        beside_others.title_version_key,
        beside_others.title_key,
        beside_others.valid_from,
        member_changes.changed_at,
        {%- for field in members %}
        member_changes.{{ field }}{{ ',' if not loop.last }}
        {%- endfor %}
    from member_changes
    inner join beside_others
        on
            member_changes.title_key = beside_others.title_key
            and member_changes.changed_at >= beside_others.valid_from
            and (beside_others.valid_to is null or member_changes.changed_at < beside_others.valid_to)

),

changes as (

    select
        title_version_key,
        title_key,
        case when previous_valid_to = valid_from then previous_version_key end as previous_title_version_key,
        case when previous_valid_to = valid_from then 'changed' else 'added' end as change_type,
        valid_from as changed_at,
        previous_version_key is not null and previous_valid_to < valid_from as is_return
    from beside_others

    union all

    select
        title_version_key,
        title_key,
        title_version_key as previous_title_version_key,
        'changed' as change_type,
        changed_at,
        false as is_return
    from member_changes_of_titles
    where changed_at > valid_from

    union all

    select
        title_version_key,
        title_key,
        title_version_key as previous_title_version_key,
        'removed' as change_type,
        valid_to as changed_at,
        false as is_return
    from beside_others
    where valid_to is not null and (next_valid_from is null or next_valid_from > valid_to)

),

changed_columns as (

    select
        new_titles.title_version_key,
        new_titles.valid_from,
        concat_ws(
            ', ',
            {%- for field in fields %}
            case when new_titles.{{ field }} is distinct from old_titles.{{ field }} then '{{ field }}' end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) as changed_columns
    from beside_others
    inner join dim_title as new_titles on beside_others.title_version_key = new_titles.title_version_key
    inner join dim_title as old_titles on beside_others.previous_version_key = old_titles.title_version_key
    where beside_others.previous_valid_to = beside_others.valid_from

),

catalogue_changes as (

    select
        changes.title_version_key,
        changes.previous_title_version_key,
        changes.title_key,
        {{ date_key('changes.changed_at') }} as changed_on_key,

        changes.change_type,
        case
            when changes.change_type = 'changed'
                then concat_ws(
                    ', ',
                    changed_columns.changed_columns,
                    {%- for field in members %}
                    member_changes_of_titles.{{ field }}{{ ',' if not loop.last }}
                    {%- endfor %}
                )
        end as changed_fields,

        cast(changes.changed_at as {{ dbt.type_timestamp() }}) as changed_at,

        changes.changed_at = first_state.first_valid_from as is_first_state,
        changes.is_return
    from changes
    cross join first_state
    left join changed_columns
        on
            changes.title_version_key = changed_columns.title_version_key
            and changes.changed_at = changed_columns.valid_from
    left join member_changes_of_titles
        on
            changes.title_version_key = member_changes_of_titles.title_version_key
            and changes.changed_at = member_changes_of_titles.changed_at

)

select * from catalogue_changes
