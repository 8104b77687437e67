-- Two reports that are one: for the same half-year, or with the titles and hours of another half-year, as one has that
-- was copied under another name. What both say is counted twice.
{{ config(severity='warn') }}

{#- Of the model's own parents, so that the test runs where that does #}
{%- set records = ref('silver_engagement').incorporate(path={'identifier': 'silver_engagement_records'}) %}
{%- set decisions = records.incorporate(path={'identifier': 'silver_version_decisions'}) %}

with

versions as (

    {{ file_versions('engagement', decisions, records) }}

),

reports as (

    select
        records._file_path,
        records.half_year,
        records.section,
        records.title,
        records.hours_viewed
    from {{ records }} as records
    inner join versions
        on {{ same(['_file_path', '_file_version'], 'records', 'versions') }}
    where records._verdict = 'kept' and versions.is_current

),

files as (

    select
        _file_path,
        max(half_year) as half_year,
        count(*) as titles
    from reports
    group by _file_path

),

shared as (

    select
        reports._file_path,
        others._file_path as other_file_path,
        count(*) as titles
    from reports
    inner join reports as others
        on
            {{ same(['section', 'title', 'hours_viewed'], 'reports', 'others') }}
            and reports._file_path < others._file_path
    group by reports._file_path, others._file_path

)

select
    files._file_path,
    files.half_year,
    others._file_path as other_file_path,
    others.half_year as other_half_year,
    shared.titles
from files
inner join files as others
    on files._file_path < others._file_path
left join shared
    on
        files._file_path = shared._file_path
        and others._file_path = shared.other_file_path
where
    files.half_year = others.half_year
    or shared.titles > 0.9 * least(files.titles, others.titles)
