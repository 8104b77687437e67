"""The Delta tables that ingest writes."""
