"""What a materialization hands to the plugin."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from dbt_common.exceptions import CompilationError

VERSION = 3  # of this code: counted up when it makes other rows out of the same job
OWNER = "dbt project "  # begins the name that a table has in its own metadata, and the project's follows
# Properties and their values: others delta-rs takes as well, and goes on as if the property was not there.
PROPERTIES = {
    r"delta\.(appendOnly|enable\w+|checkpoint\.writeStatsAs\w+)": r"true|false",
    r"delta\.checkpointInterval": r"0*[1-9]\d*",
    r"delta\.dataSkippingNumIndexedCols": r"-1|\d+",
    r"delta\.(log|deletedFile)RetentionDuration": r"interval \d+ (\w*second|minute|hour|day|week)s?",
    r"delta\.targetFileSize": r"\d+ *([kmg]b?|b)?",
    r"delta\.isolationLevel": r"Serializable|WriteSerializable|SnapshotIsolation",
}


@dataclass
class Job:
    """What a materialization asks for; the fields are configurations, which README.md explains."""

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
    contract: str = ""  # a query without rows that has the columns, in order, which the result must have
    description: str | None = None
    comments: dict[str, str] = field(default_factory=dict)
    tblproperties: dict[str, Any] = field(default_factory=dict)
    timestamp_ntz: bool = False
    location: str | None = None
    found: bool | None = None  # whether dbt knew of the table when it compiled the query, where that matters
    reuse: bool = False
    input_file: str | None = None  # a seed's, whose content decides the rows
    batch: list[str] = field(default_factory=list)  # event_time, from, to
    insert_if: str = "true"
    snapshot: bool = False  # whose query says in columns of its own what to do with a row
    hooks: bool = False  # whether it has hooks, which may do anything to the session and the database
    empty: bool = False  # whether dbt gives the query no rows (--empty): what it does not return is not gone
    options: dict[str, Any] = field(default_factory=dict)
    as_text: bool = False  # whether what Delta has no type for is written as text, instead of being an error
    project: str | None = None  # the dbt project that asks; the tables that it makes say so

    def __post_init__(self) -> None:
        """Properties are text in Delta; in YAML they may be numbers and booleans."""
        text = {name: str(value) for name, value in self.tblproperties.items()}
        self.tblproperties = {name: said.lower() if said in ("True", "False") else said for name, said in text.items()}
        for name, said in self.tblproperties.items():
            for known, values in PROPERTIES.items():
                if re.fullmatch(known, name) and not re.fullmatch(values, said, re.IGNORECASE):
                    raise CompilationError(f"tblproperties: {name} cannot be {said!r}.")

    @property
    def adds(self) -> bool:
        """Whether the query's rows come to those of the table, whatever these are."""
        return self.strategy == "append" or (self.strategy in ("merge", "delete_insert") and not self.unique_key)

    @property
    def remedy(self) -> str:
        """What an error advises where the table cannot take the query's types: dbt never rebuilds a snapshot."""
        return "take another name for a new snapshot" if self.snapshot else "run with --full-refresh"

    def steers(self, column: str) -> bool:
        """Whether a column only tells dbt what to do with a row of a snapshot."""
        return self.snapshot and re.fullmatch(r"dbt_change_type|dbt_unique_key(_\d+)?", column) is not None
