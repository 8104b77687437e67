{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='title_version_key',
        not_matched_by_source_action='delete',
        on_schema_change='append_new_columns',
    )
}}

with

silver_title_history as (

    select * from {{ ref('silver_title_history') }}
    where show_id is not null

),

titles as (

    select
        title_version_key,
        {{ generate_surrogate_key(['show_id']) }} as title_key,
        show_id,

        title,
        type,
        description,
        rating,

        duration_minutes,
        duration_seasons,
        release_year,

        date_added,

        cast(valid_from as {{ dbt.type_timestamp() }}) as valid_from,
        cast(valid_to as {{ dbt.type_timestamp() }}) as valid_to,
        valid_to is null as is_current
    from silver_title_history

),

unknown as (

    select
        cast(-1 as bigint) as title_version_key,
        cast(-1 as bigint) as title_key,
        cast(null as bigint) as show_id,

        'Unknown' as title,
        'Unknown' as type,
        cast(null as {{ dbt.type_string() }}) as description,
        cast(null as {{ dbt.type_string() }}) as rating,

        cast(null as integer) as duration_minutes,
        cast(null as integer) as duration_seasons,
        cast(null as integer) as release_year,

        cast(null as date) as date_added,

        cast(null as {{ dbt.type_timestamp() }}) as valid_from,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to,
        true as is_current

)

select * from titles
union all
select * from unknown
