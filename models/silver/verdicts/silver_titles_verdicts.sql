{{ config(incremental_strategy='append') }}

{{ catalogue_verdicts('titles') }}
