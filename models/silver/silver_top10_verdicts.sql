{{ config(incremental_strategy='append') }}

{{
    verdicts([
        top10_feed('global'),
        top10_feed('countries'),
        top10_feed('most_popular'),
    ])
}}
