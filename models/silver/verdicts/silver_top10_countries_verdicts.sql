{{ config(incremental_strategy='append') }}

{{ top10_verdicts('countries') }}
