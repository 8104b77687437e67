{%- set fields = [
    'title', 'type', 'description', 'rating', 'duration_minutes', 'duration_seasons', 'release_year', 'date_added',
] %}

with

dim_title as (

    select * from {{ ref('dim_title') }}
    where title_key <> -1

),

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

changes as (

    select
        title_version_key,
        title_key,
        case when previous_valid_to = valid_from then previous_version_key end as previous_title_version_key,
        -- The keys are null unless there is something to compare: a join with a condition on one side would be slow.
        case when previous_valid_to = valid_from then previous_version_key end as compared_with_key,
        case when previous_valid_to = valid_from then title_version_key end as compared_key,
        case when previous_valid_to = valid_from then 'changed' else 'added' end as change_type,
        valid_from as changed_at,
        previous_version_key is not null and previous_valid_to < valid_from as is_return
    from beside_others

    union all

    select
        title_version_key,
        title_key,
        title_version_key as previous_title_version_key,
        cast(null as bigint) as compared_with_key,
        cast(null as bigint) as compared_key,
        'removed' as change_type,
        valid_to as changed_at,
        false as is_return
    from beside_others
    where valid_to is not null and (next_valid_from is null or next_valid_from > valid_to)

),

changed_fields as (

    select
        changes.title_version_key,
        concat_ws(
            ', ',
            {%- for field in fields %}
            case when new_titles.{{ field }} is distinct from old_titles.{{ field }} then '{{ field }}' end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) as changed_fields
    from changes
    inner join dim_title as new_titles on changes.title_version_key = new_titles.title_version_key
    inner join dim_title as old_titles on changes.previous_title_version_key = old_titles.title_version_key
    where changes.change_type = 'changed'

),

catalogue_changes as (

    select
        changes.title_version_key,
        changes.previous_title_version_key,
        changes.title_key,
        {{ date_key('changes.changed_at') }} as changed_on_key,

        changes.change_type,
        case when changes.change_type = 'changed' then changed_fields.changed_fields end as changed_fields,

        cast(changes.changed_at as {{ dbt.type_timestamp() }}) as changed_at,

        changes.changed_at = first_state.first_valid_from as is_first_state,
        changes.is_return
    from changes
    cross join first_state
    left join changed_fields on changes.title_version_key = changed_fields.title_version_key

)

select * from catalogue_changes
