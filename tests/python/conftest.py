"""Fixtures shared by all Python tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.python.lake import Lake

# The settings of the person who runs the tests are not those of the projects that the tests make.
for variable in [name for name in os.environ if name.startswith("DBT_") and name != "DBT_SEND_ANONYMOUS_USAGE_STATS"]:
    del os.environ[variable]

# These take minutes each and stay together: started last, they would leave the other workers idle at the end.
LONGEST = ("spark/test_engines.py", "test_road.py", "models/test_top10.py", "site/test_pages.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first."""
    items.sort(key=lambda item: next((k for k, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST)))


@pytest.fixture(scope="session")
def new_lake(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lake]:
    """Make an empty lake under a name."""

    def make(name: str) -> Lake:
        folder = tmp_path_factory.mktemp(name)
        return Lake(root=folder / "lake", work=folder)

    return make


@pytest.fixture(scope="session")
def make_sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write the sample as it stands in a week; returns its folder."""

    def make(week: int = 1, titles: int = 300, seed: int = 7) -> Path:
        folder = tmp_path_factory.mktemp(f"sample-{week}")
        here = Lake(root=folder / "none", work=folder)
        options = ["--out", str(folder), "--titles", str(titles), "--week", str(week), "--seed", str(seed)]
        here.run(sys.executable, "-m", "ingest.sample", *options)
        return folder

    return make
