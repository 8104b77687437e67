"""The columns that say where a row comes from; every raw table has them."""

from __future__ import annotations

import polars as pl

LINEAGE = (
    "_source",
    "_file_path",
    "_file_sha",
    "_file_version",
    "_commit_sha",
    "_committed_at",
    "_batch_id",
    "_ingested_at",
    "_row_number",
    "_rescued_data",
)
PLACE, ROW = "_file_path", "_row_number"
"""Where in its source a record stands. In a workbook the path ends with the sheet."""

# Names that stand beside those of a file where its records are changed (dbt_duckdb_delta) or written as JSON (macros).
_BESIDE = ("__dbt_delta_", "_bronze_record")


def is_reserved(name: str) -> bool:
    """Whether a column of a file cannot have this name: in raw it has one more ``_`` before it."""
    return name.lower() in LINEAGE or name.lower().startswith(_BESIDE)


UTC_MICROS = pl.Datetime("us", "UTC")
LINEAGE_SCHEMA: dict[str, pl.DataType] = {name: pl.String() for name in LINEAGE} | {
    "_file_version": pl.Int64(),
    "_committed_at": UTC_MICROS,
    "_ingested_at": UTC_MICROS,
    "_row_number": pl.Int64(),
}
