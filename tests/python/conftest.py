"""Fixtures shared by all Python tests."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.lake import Lake
from tests.support.quick import quicken
from tests.support.stores import azure, azure_server, s3, s3_server  # noqa: F401 (fixtures)
from tests.support.templates import Templates, digest

quicken()

# The settings of the person who runs the tests are not those of the projects that the tests make.
for variable in [name for name in os.environ if name.startswith("DBT_") and name != "DBT_SEND_ANONYMOUS_USAGE_STATS"]:
    del os.environ[variable]


def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: one more than there are processors, as some tests wait for servers, and some for each other."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests on Spark first: they take longest, and at the end one process would be left alone with them."""
    items.sort(key=lambda item: item.get_closest_marker("engines") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """In CI, which has half an hour: a slow machine leaves tests to the workflow, which runs each lane by itself."""
    if time.time() > float(os.environ.get("NETFLIX_TESTS_UNTIL", "inf")):
        pytest.skip("no time was left for it (NETFLIX_TESTS_UNTIL)")


def pytest_collection_finish() -> None:
    """What is there before the first test stays: Python need not look through it for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """What is made once for all tests and workers; kept for the next run in the folder NETFLIX_TEST_LAKES, if set."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "templates"
    if keep := os.environ.get("NETFLIX_TEST_LAKES"):
        folder = Path(keep).absolute() / digest()
    folder.mkdir(exist_ok=True, parents=True)
    return Templates(folder)


@pytest.fixture(scope="session")
def new_lake(tmp_path_factory: pytest.TempPathFactory, templates: Templates) -> Callable[[str], Lake]:
    """Make an empty lake under a name."""
    return lambda name: templates.empty(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def copy_of(tmp_path_factory: pytest.TempPathFactory, templates: Templates) -> Callable[..., Lake]:
    """Copy the lake of a name, or the given layers of it."""
    return lambda name, *layers: templates.copy(name, tmp_path_factory.mktemp(name), *layers)


@pytest.fixture(scope="session")
def make_sample(templates: Templates) -> Callable[..., Path]:
    """The folder of the sample as it stands in a week (1), with so many titles (300); not to be changed."""
    return templates.sample


@pytest.fixture(scope="session")
def sample_lake(tmp_path_factory: pytest.TempPathFactory, templates: Templates) -> Lake:
    """Week 1 of the sample, ingested and built; not to be changed."""
    return replace(templates.empty(tmp_path_factory.mktemp("sample")), root=templates.lake("sample").root)


@pytest.fixture(scope="session")
def real_lake(tmp_path_factory: pytest.TempPathFactory, templates: Templates) -> Lake:
    """The real catalogue and every published version of the Top 10 lists, built; not to be changed."""
    return replace(templates.empty(tmp_path_factory.mktemp("real")), root=templates.lake("real").root)
