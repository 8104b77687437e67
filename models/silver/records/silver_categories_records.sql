{{ config(incremental_strategy='append') }}

{{ after_bronze_of('catalogue') }}

with

new_categories as (

    {{ new_records(ref('bronze_categories')) }}

),

typed as (

    select
        {{ parse_number('show_id', 'bigint') }} as show_id,

        {{ clean_list_item('listed_in') }} as genre_name,

        _file_path,
        _file_version,
        _committed_at,
        _row_number
    from new_categories

),

{{ judged('categories', 'typed') }}

select * from judged
