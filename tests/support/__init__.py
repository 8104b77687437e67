"""What the tests share: a lake to work on, dbt in the tests' own process, lakes that are built once and copied."""
