{{ config(incremental_strategy='append') }}

{{
    verdicts([
        catalogue_feed('titles'),
        catalogue_feed('cast'),
        catalogue_feed('categories'),
        catalogue_feed('countries'),
        catalogue_feed('directors'),
    ])
}}
