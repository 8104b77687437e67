"""The last responses of servers, with their ETags, so that asking again for what has not changed costs nothing.

They lie in the Delta table ``_http_cache`` beside the ledger. It is a cache: it may be deleted at any time.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass

import polars as pl
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError

from ingest.storage.tables import Lake, open_table, query

TABLE = "_http_cache"


@dataclass(frozen=True)
class CachedResponse:
    tag: str
    body: str


class ResponseCache:
    """The responses for one source, by URL. ``save`` keeps those that were used or given since the last call."""

    def __init__(self, lake: Lake, source: str, read_only: bool = False) -> None:
        self._uri = lake.uri(TABLE)
        self._source = source
        self._read_only = read_only
        self._used: dict[str, CachedResponse] = {}
        table = open_table(self._uri)
        rows = query(table, "select source, answers from t").rows() if table else []
        self._saved = {
            url: CachedResponse(*saved) for of, text in rows if of == source for url, saved in json.loads(text).items()
        }
        self._known = dict(self._saved)

    def get(self, url: str) -> CachedResponse | None:
        response = self._known.get(url)
        if response is not None:
            self._used[url] = response
        return response

    def put(self, url: str, response: CachedResponse) -> None:
        self._known[url] = self._used[url] = response

    def save(self) -> None:
        """Write the cache if it has changed; without effect where somebody else writes it at the same moment."""
        used, self._used = self._used, {}
        if used == self._saved or self._read_only:
            return
        text = json.dumps({url: astuple(response) for url, response in used.items()})
        row = pl.DataFrame({"source": [self._source], "answers": [text]})
        try:
            table = open_table(self._uri)
            if table is None:
                write_deltalake(self._uri, row, mode="error")
            else:
                write_deltalake(table, row, mode="overwrite", predicate=f"source = '{self._source}'")
        except DeltaError:
            return
        self._saved = used
