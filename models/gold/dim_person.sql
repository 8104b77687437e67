with

silver_cast as (

    select * from {{ ref('silver_cast') }}

),

silver_directors as (

    select * from {{ ref('silver_directors') }}

),

mentions as (

    select
        person_key,
        person_name,
        1 as in_cast,
        0 as in_direction
    from silver_cast

    union all

    select
        person_key,
        person_name,
        0 as in_cast,
        1 as in_direction
    from silver_directors

),

spellings as (

    select
        person_key,
        {{ normalize_name('person_name') }} as normalized_name,
        person_name,
        sum(in_cast) as in_cast,
        sum(in_direction) as in_direction
    from mentions
    group by person_key, person_name

),

ranked as (

    select
        *,
        row_number() over (
            partition by person_key, normalized_name order by in_cast + in_direction desc, person_name
        ) as spelling_rank
    from spellings

),

-- Two names that had the same key by chance would give two rows here, which the test of the key finds.
people as (

    select
        person_key,

        max(case when spelling_rank = 1 then person_name end) as person_name,

        sum(in_cast) > 0 as is_cast_member,
        sum(in_direction) > 0 as is_director
    from ranked
    group by person_key, normalized_name

),

unknown as (

    select
        -1 as person_key,

        'Unknown' as person_name,

        cast(null as boolean) as is_cast_member,
        cast(null as boolean) as is_director

)

select * from people
union all
select * from unknown
