"""What a materialization hands to the plugin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Job:
    """What a materialization asks for; the fields are configurations, which docs/delta.md explains."""

    strategy: str
    sql: str = ""
    sql_header: str | None = None
    unique_key: list[str] = field(default_factory=list)
    partition_by: list[str] = field(default_factory=list)
    incremental_predicates: list[str] = field(default_factory=list)
    merge_update_columns: list[str] = field(default_factory=list)
    merge_exclude_columns: list[str] = field(default_factory=list)
    delete_unmatched: bool = False
    on_schema_change: str = "ignore"
    not_null: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    description: str | None = None
    comments: dict[str, str] = field(default_factory=dict)
    tblproperties: dict[str, str] = field(default_factory=dict)
    timestamp_ntz: bool = False
    location: str | None = None
    reuse: bool = False
    input_file: str | None = None  # a seed's, whose content decides the rows
    batch: list[str] = field(default_factory=list)  # event_time, from, to
    insert_if: str = "true"
    options: dict[str, Any] = field(default_factory=dict)
