"""dbt-duckdb plugins of this project."""
