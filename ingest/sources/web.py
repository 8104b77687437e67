"""Plain files below a base URL as a source."""

from __future__ import annotations

import email.utils
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from ingest.config import Dataset, Source
from ingest.errors import Refused
from ingest.sources.cache import CachedResponse, ResponseCache
from ingest.sources.http import Client, RetryPolicy
from ingest.sources.listing import Entry, Listing, Origin, now


class Web:
    """The datasets' files, each at ``url/folder/file``. A file's last change is its ``Last-Modified``, or else the time
    when it was found.

    There is no listing, so each file is asked for on condition that it has changed, and read to know its content.
    """

    def __init__(self, name: str, source: Source, retries: RetryPolicy, responses: ResponseCache) -> None:
        assert source.url is not None
        self._base = source.url.rstrip("/")
        self._source = source
        self._client = Client(name, retries, redirects=source.redirects)
        self._responses = responses
        self._scratch = tempfile.TemporaryDirectory(prefix="ingest-web-")
        self._changed: dict[str, datetime] = {}

    def listing(self) -> Listing:
        taken_at = now()
        entries = [entry for dataset in self._source.datasets if (entry := self._entry(dataset, taken_at))]
        self._responses.save()
        return Listing(tuple(entries), taken_at)

    def _entry(self, dataset: Dataset, taken_at: datetime) -> Entry | None:
        path = self._source.path_of(dataset.file)
        url = f"{self._base}/{quote(path)}"
        known = self._responses.get(url)
        got = self._client.fetch(url, self._local(path), known.tag if known else None, dataset.max_bytes)
        if got is None:
            return None
        if got.unchanged and known:
            facts = json.loads(known.body)
        else:
            modified = _moment(got.modified) or taken_at
            facts = {"sha": got.sha, "size": got.size, "changed": modified.isoformat()}
            if got.tag and got.size <= dataset.max_bytes:
                self._responses.put(url, CachedResponse(got.tag, json.dumps(facts)))
        self._changed[path] = datetime.fromisoformat(facts["changed"])
        return Entry(dataset.file, path, facts["sha"], facts["size"])

    def _local(self, path: str) -> Path:
        return Path(self._scratch.name) / quote(path, safe="")

    def origin(self, entry: Entry) -> Origin:
        return Origin(None, self._changed[entry.path])

    def fetch(self, entry: Entry, scratch: Path) -> tuple[Entry, Path]:
        local = self._local(entry.path)
        if not local.exists():  # unchanged since it was last asked for, and yet not loaded then
            got = self._client.fetch(f"{self._base}/{quote(entry.path)}", local, None, entry.size)
            if got is None or got.sha != entry.sha:
                raise Refused("changed while it was being read; the next run tries again", final=False)
        return entry, local


def _moment(header: str | None) -> datetime | None:
    """The time in a ``Last-Modified``, in UTC; None where it holds none."""
    try:
        moment = email.utils.parsedate_to_datetime(header or "")
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
