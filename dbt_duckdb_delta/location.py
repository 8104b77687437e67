"""What the root of a lake may be, and what it means. Knows neither dbt nor DuckDB, so that every program can ask it."""

from __future__ import annotations

import re
from pathlib import Path

# What delta-rs or DuckDB's delta_scan reads otherwise than it stands, in a path and in a URL.
_NOT_IN_PATHS = re.compile(r"[%\[\]^|\\*?\x00-\x1f\x7f]")
_NOT_IN_URLS = re.compile(r"[^A-Za-z0-9._/@=+,-]")
# Other names of the stores' schemes, and those that DuckDB, delta-rs and obstore all know
INSTEAD = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "azure": "az", "adl": "abfss", "abfs": "abfss"}
SCHEMES = ("s3", "gs", "az", "abfss")


def resolve(root: str) -> str:
    """A root as an absolute path or an object store's URL, without a slash at the end.

    A local path is relative to the current folder, and `~` is the home folder. An error is the same for everybody who
    asks, so that no program writes where another does not look.

    Raises:
        ValueError: there can be no lake; one line that says why and what to do.
    """
    if not root.strip():
        raise _refused(root, "name a folder, s3://…, gs://…, az://… or abfss://…")
    scheme, colon, place = root.partition("://")
    if colon:
        return f"{scheme}://{_store(root, scheme, place)}"
    if found := _NOT_IN_PATHS.search(root):
        raise _refused(root, f"Delta tables cannot lie below a path with {found[0]!r} in it; use another folder")
    try:
        path = Path(root).expanduser().absolute()
        if ".." in path.parts:  # behind a symbolic link, which delta-rs and DuckDB take differently
            path = path.resolve()
    except RuntimeError:
        raise _refused(root, "there is no such home folder") from None
    if found := _NOT_IN_PATHS.search(str(path)):
        raise _refused(str(path), f"Delta tables cannot lie below a path with {found[0]!r} in it; use another folder")
    if path == Path(path.anchor):
        raise _refused(root, "that is the root of the disk; use a folder")
    return str(path)


def _store(root: str, scheme: str, place: str) -> str:
    """The part of a URL after its scheme, without needless slashes."""
    if scheme not in SCHEMES:
        if scheme in INSTEAD:
            raise _refused(root, f"write {INSTEAD[scheme]}://{place}")
        raise _refused(root, "use a folder, s3://…, gs://…, az://… or abfss://…")
    if found := _NOT_IN_URLS.search(place):
        raise _refused(root, f"a URL of a lake has no {found[0]!r}; use letters from A to Z, digits and . _ - = + , @")
    parts = [part for part in place.split("/") if part]
    if not parts or place.startswith("/"):
        raise _refused(root, "the name of the bucket or container is missing")
    if scheme == "abfss" and not re.fullmatch(r"[^@]+@[^@]+", parts[0]):
        raise _refused(root, "write abfss://container@account.dfs.core.windows.net/…")
    if ".." in parts or "." in parts:
        raise _refused(root, "a URL of a lake has no . or .. in it")
    return "/".join(parts)


def _refused(root: str, why: str) -> ValueError:
    return ValueError(f"There can be no lake at {root!r}: {why}.")
