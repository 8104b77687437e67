"""The root of the lake, read from the environment here and nowhere else."""

from __future__ import annotations

import os

from dbt_duckdb_delta.location import resolve

ROOT_VARIABLE, DEFAULT_ROOT = "LAKEHOUSE_ROOT", "lake"  # profiles.yml gives the plugin the same two


def root() -> str:
    """Where the lake's tables lie: an absolute path or an object store's URL, without a slash at the end.

    Raises:
        ValueError: LAKEHOUSE_ROOT is no such place; one line that says why and what to do.
    """
    return resolve(os.environ.get(ROOT_VARIABLE) or DEFAULT_ROOT)
