{{ config(incremental_strategy='append') }}

{{ after_bronze_of('catalogue') }}

with

new_countries as (

    {{ new_records(ref('bronze_countries')) }}

),

typed as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,

        {{ clean_list_item('country') }} as country_name,

        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_countries

),

{{ judged('countries', 'typed') }}

select * from judged
