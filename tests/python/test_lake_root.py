"""One place for everybody: where a lake lies is no part of what dbt parses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from deltalake import DeltaTable

from tests.python.lake import CHECKOUT, Lake


class Dbt:
    """dbt in this process, with one target folder for all lakes."""

    def __init__(self, patch: pytest.MonkeyPatch, work: Path) -> None:
        for name, value in Lake(work / "lake", work).environment.items():
            patch.setenv(name, value)
        patch.chdir(CHECKOUT)
        self.patch = patch

    def __call__(self, root: str | None, *args: str) -> tuple[list[str], str]:
        """Run dbt for a root (None: unset). Returns the names of its events about parsing, and what it printed."""
        events: list[Any] = []
        if root is None:
            self.patch.delenv("LAKEHOUSE_ROOT")
        else:
            self.patch.setenv("LAKEHOUSE_ROOT", root)
        done = dbtRunner(callbacks=[events.append]).invoke([*args, "--quiet"])
        said = "\n".join(event.info.msg for event in events if event.info.level not in ("debug", "info"))
        assert done.success, said
        printed = "\n".join(event.info.msg for event in events if event.info.name == "PrintEvent")
        return [event.info.name for event in events if "Pars" in event.info.name], printed or said


def parsed_nothing(events: list[str]) -> bool:
    return "PartialParsingSkipParsing" in events and "UnableToPartialParse" not in events


@pytest.fixture
def dbt(tmp_path: Path) -> Iterator[Dbt]:
    with pytest.MonkeyPatch.context() as patch:
        yield Dbt(patch, tmp_path)
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


def test_one_parsed_project_serves_every_lake(dbt: Dbt, tmp_path: Path) -> None:
    events, _ = dbt(str(tmp_path / "first"), "parse")
    assert "UnableToPartialParse" in events, events
    serving = ("run-operation", "serving_sql", "--args", json.dumps({"dialect": "duckdb"}))
    dbt.patch.setenv("HOME", str(tmp_path / "home"))
    checkout = str(CHECKOUT / "lake")
    for root, place in (
        (str(tmp_path / "second"), str(tmp_path / "second")),
        (None, checkout),
        ("", checkout),
        ("lake/", checkout),
        ("~/it's mine", f"{tmp_path}/home/it''s mine"),
    ):
        events, sql = dbt(root, *serving)
        assert parsed_nothing(events), (root, events)
        assert f"delta_scan('{place}/gold/dim_title')" in sql, sql[:600]
    # Commands that write, each in its own lake; and the project as another folder sees it.
    for name, project in (("third", str(CHECKOUT)), ("fourth", ".")):
        dbt.patch.setenv("DBT_PROJECT_DIR", project)
        events, _ = dbt(str(tmp_path / name), "seed", "--select", "seed_ratings")
        assert parsed_nothing(events), events
        assert DeltaTable(str(tmp_path / name / "silver" / "seed_ratings")).count() > 0
    assert not (tmp_path / "second").exists()
