"""Which versions and decisions the command of ``--then`` has run over, so that it stays due after a restart.

That is a number in the log of the Delta table ``_then`` beside the ledger, as the version of an application transaction
that stands for the command. The table has no rows, and may be deleted at any time: the command is due then.
"""

from __future__ import annotations

import hashlib

import arro3.core as arrow
import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from ingest.storage.tables import Lake, Ledger, open_table

TABLE = "_then"
_NOTHING = pl.DataFrame(schema={"command": pl.String()})


class Trigger:
    """Whether a command is due."""

    def __init__(self, lake: Lake, command: str) -> None:
        self._lake = lake
        self._uri = lake.uri(TABLE)
        self._app = f"then:{hashlib.sha256(command.encode()).hexdigest()[:16]}"  # a command may hold a password

    def due(self) -> int | None:
        """How many versions and decisions the lake has, if the command has not run over all of them."""
        loaded = Ledger(self._lake).rows()
        table = open_table(self._uri)
        seen = (table.transaction_version(self._app) if table else None) or 0
        return loaded if loaded != seen else None

    def succeeded(self, loaded: int) -> None:
        """Note that the command has succeeded on a lake of so many versions and decisions."""
        rows = arrow.Table.from_arrow(_NOTHING)
        DeltaTable.create(self._uri, rows.schema, mode="ignore", description="What --then commands have run over")
        facts = CommitProperties(app_transactions=[Transaction(self._app, loaded)])
        write_deltalake(self._uri, rows, mode="append", commit_properties=facts)
