"""What must hold before a file is loaded. Each check raises ``Refused`` with a reason for the ledger."""

from __future__ import annotations

import json
import re
import shlex
from typing import BinaryIO

from ingest.config import Dataset
from ingest.errors import Refused
from ingest.storage.lineage import LINEAGE
from ingest.storage.tables import FileRecord

_ENOUGH = 20  # records; of fewer, half may well go
_PEEK = 1 << 20
_LFS = b"version https://git-lfs.github.com/spec/"
_MARKUP = re.compile(rb"<(!doctype|!--|\?xml|[a-z][a-z0-9]*[\s/>])", re.IGNORECASE)
_JSON_START = re.compile(rb'(\{\s*(["}]|$)|\[\s*([\[{"\]]|$))')
# Without column mapping, Delta allows none of these in a column name.
_NOT_IN_NAMES = re.compile(r"[ ,;{}()\n\t=]")


def check_size(size: int, dataset: Dataset) -> None:
    if size == 0:
        raise Refused("is empty")
    if size > dataset.max_bytes:
        raise Refused(f"is over the limit of {dataset.max_bytes} bytes (max_bytes)")


def check_rows(rows: int, last: FileRecord, path: str) -> None:
    """Refuse a full copy that lacks more than half of the records of the last version, or all of them."""
    before = last.row_count or 0
    if before and (rows == 0 or (before >= _ENOUGH and rows * 2 < before)):
        raise Refused(
            f"has {rows:,} records, fewer than half of the {before:,} in version {last.version}, which stays;"
            f" if that is right, run again with --accept-shrunk {shlex.quote(path)}",
            after=last.sha,
        )


def check_content(file: BinaryIO) -> None:
    """Refuse what is plainly something other than a table; leaves ``file`` at its start."""
    start = file.read(_PEEK)
    whole = len(start) < _PEEK
    file.seek(0)
    text = start.removeprefix(b"\xef\xbb\xbf").strip()
    if start.startswith(_LFS):
        raise Refused("is a Git LFS pointer, not the file itself")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("is not UTF-8 text: it starts like UTF-16; save it as UTF-8")
    if b"\0" in start:
        raise Refused(f"is not text: it holds a NUL byte at position {start.index(0)}")
    if _MARKUP.match(text):
        raise Refused("is an HTML or XML page, not a table")
    if _is_json(text) if whole else _JSON_START.match(text):
        raise Refused("is JSON, not a table")


def _is_json(text: bytes) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return bool(re.match(rb'\{\s*"[^"]*"\s*:|\[\s*\{\s*"', text))
    return not isinstance(value, str)


def column_names(header: list[str], dataset: Dataset) -> list[str]:
    """The header's names as Delta can hold them: trimmed, and with ``_`` for each character that Delta forbids.

    Raises:
        Refused: no names at all, a name twice (Delta ignores case), a name of a lineage column, or a required one
            missing.
    """
    names = [_NOT_IN_NAMES.sub("_", name.strip()) for name in header]
    if not any(names):
        raise Refused("has no header: the first line holds no column name")
    names = [name or f"_c{position}" for position, name in enumerate(names, 1)]
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if name.lower() in seen:
            raise Refused(f"has the column name {name!r} twice (the second time as column {position})")
        if name.lower() in LINEAGE:
            raise Refused(f"has a column named {name!r}, which is the name of a lineage column")
        seen.add(name.lower())
    missing = [name for name in dataset.required if _NOT_IN_NAMES.sub("_", name).lower() not in seen]
    if missing:
        found = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        raise Refused(f"lacks the required column {', '.join(map(repr, missing))}; it has: {found[:300]}")
    return names
