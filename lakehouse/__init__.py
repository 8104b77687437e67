"""Everything in Python that is neither ingest nor the Delta plugin; `python -m lakehouse --help` lists the commands."""
