"""What must hold before a file is loaded. Each check raises ``Refused`` with a reason for the ledger."""

from __future__ import annotations

import json
import re
from typing import BinaryIO
from unicodedata import category

from ingest.config import Dataset, Format
from ingest.errors import Refused
from ingest.storage.lineage import is_reserved

_PEEK = 1 << 20
_LFS = b"version https://git-lfs.github.com/spec/"
_MARKS = re.compile(rb"\A(\xef\xbb\xbf)+")
_MARKUP = re.compile(rb"<(!doctype|!--|\?xml|[a-z][a-z0-9]*[\s/>])", re.IGNORECASE)
_JSON_START = re.compile(rb'(\{\s*(["}]|$)|\[\s*([\[{"\]]|$))')
# Without column mapping, Delta allows none of these in a column name.
_NOT_IN_NAMES = re.compile(r"[ ,;{}()\n\t=]")


def check_size(size: int, dataset: Dataset) -> None:
    if size == 0:
        raise Refused("is empty")
    if size > dataset.max_bytes:
        raise Refused(f"is over the limit of {dataset.max_bytes} bytes (max_bytes)")


def check_content(file: BinaryIO, format: Format = Format.DELIMITED) -> None:
    """Refuse what is plainly something other than a table; leaves ``file`` at its start."""
    start = file.read(_PEEK)
    whole = len(start) < _PEEK
    file.seek(0)
    text = _MARKS.sub(b"", start).strip()
    if start.startswith(_LFS):
        raise Refused("is a Git LFS pointer, not the file itself")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("is not UTF-8 text: it starts like UTF-16; save it as UTF-8, or name its encoding (encoding)")
    if b"\0" in start:
        raise Refused(f"is not text: it holds a NUL byte at position {start.index(0)}")
    if _MARKUP.match(text):
        raise Refused("is an HTML or XML page, not a table")
    if format is Format.NDJSON:
        if text.startswith(b"["):
            raise Refused("is one JSON list, and not an object on each line")
        return
    if _is_json(text) if whole else _JSON_START.match(text):
        raise Refused("is JSON, not a table")


def _is_json(text: bytes) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return bool(re.match(rb'\{\s*"[^"]*"\s*:|\[\s*\{\s*"', text))
    return not isinstance(value, str)


def column_name(name: str) -> str:
    """A name as Delta can hold it: trimmed, without signs that nobody sees, ``_`` for each character Delta forbids."""
    seen = "".join(" " if category(sign) == "Zs" else sign for sign in name if category(sign) != "Cf")
    return _NOT_IN_NAMES.sub("_", seen.strip())


def column_names(header: list[str], dataset: Dataset) -> list[str]:
    """The header's names as ``column_name`` has them, with other spellings of a column replaced by its name.

    Raises:
        Refused: no names at all, a name twice (Delta ignores case), or a needed one missing.
    """
    names = [column_name(name) for name in header]
    if not any(names):
        raise Refused("has no header: the first line holds no column name")
    names = [name or f"_c{position}" for position, name in enumerate(names, 1)]
    there = {name.lower() for name in names}
    for position, name in enumerate(names):
        while is_reserved(name) or (name != names[position] and name.lower() in there):
            name = f"_{name}"
        names[position] = name
        there.add(name.lower())
        column = dataset.spellings.get(name.lower())
        if column and column.lower() not in there:
            names[position] = column
            there.add(column.lower())
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if name.lower() in seen:
            raise Refused(f"has the column name {name!r} twice (the second time as column {position})")
        seen.add(name.lower())
    missing = [name for name in dataset.needed if column_name(name).lower() not in seen]
    if missing:
        found = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        raise Refused(f"lacks the required column {', '.join(map(repr, missing))}; it has: {found[:300]}")
    return names
