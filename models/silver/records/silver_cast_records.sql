{{ config(incremental_strategy='append') }}

{{ after_bronze_of('catalogue') }}

with

new_cast as (

    {{ new_records(ref('bronze_cast')) }}

),

typed as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,

        {{ clean_list_item(adapter.quote('cast')) }} as person_name,

        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_cast

),

{{ judged('cast', 'typed') }}

select * from judged
