{{ config(incremental_strategy='append') }}

{{ after_bronze_of('catalogue') }}

with

new_directors as (

    {{ new_records(ref('bronze_directors')) }}

),

typed as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,

        {{ clean_list_item('director') }} as person_name,

        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_directors

),

{{ judged('directors', 'typed') }}

select * from judged
