"""What belongs to the project and is neither ingest nor a model."""
