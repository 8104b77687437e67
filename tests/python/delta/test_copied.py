"""Tables that are copied, restored from a copy or written by others: content and the times of commits count."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dbt_common.exceptions import CompilationError
from deltalake import write_deltalake

from tests.support.tables import Tables


def write(path: Path, value: int, **how: Any) -> None:
    write_deltalake(str(path), pl.DataFrame({"id": [value]}), **how)


@pytest.mark.parametrize("how", ["append", "overwrite", "both"])
def test_a_table_restored_from_a_copy_and_written_otherwise_is_another(
    tmp_path: Path, shared: Tables, how: str
) -> None:
    shared.move(tmp_path)
    source, copy = tmp_path / "s/source", tmp_path / "copy"
    shared.job("overwrite", "select 1 as id", table="source")
    shutil.copytree(source, copy)
    modes = ["append", "overwrite"] if how == "both" else [how]
    for mode in modes:
        write(source, 2, mode=mode)
    assert shared.job("overwrite", "select id from s.source", reuse=True) == "overwrite"
    assert shared.job("overwrite", "select id from s.source", reuse=True) == "unchanged"
    shutil.rmtree(source)
    shutil.copytree(copy, source)
    for mode in modes:
        write(source, 3, mode=mode)
    assert shared.job("overwrite", "select id from s.source", reuse=True) == "overwrite"
    assert (3,) in shared.rows() and (2,) not in shared.rows()
    pinned = f"select id from delta_scan('{source}', version => 1)"
    assert shared.job("overwrite", pinned, table="u", reuse=True) == "overwrite"
    assert shared.job("overwrite", pinned, table="u", reuse=True) == "unchanged"


def test_a_lake_that_was_copied_is_left_alone(tmp_path: Path, shared: Tables) -> None:
    shared.move(tmp_path / "one")
    shared.job("overwrite", "select 1 as id", table="source")
    shared.job("overwrite", "select id from s.source", reuse=True)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    shared.move(tmp_path / "two")
    shared.job("describe", table="source")
    assert shared.job("overwrite", "select id from s.source", reuse=True) == "unchanged"


TIMES = [1_700_000_000_000, 1_700_000_100_000, 1_700_000_200_000]
MOMENTS = {
    "1999-01-01": None,
    "2023-11-14 22:13:19.999": None,
    "2023-11-14 22:13:20": 0,
    "2023-11-14 23:13:20+01:00": 0,
    "2023-11-14 22:14:59": 0,
    "2023-11-14 22:15:00": 1,
    "2023-11-14 22:16:40": 2,
    "2100-01-01": 2,
}


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake whose table has commits of three times, and which was copied since."""
    lake = tmp_path_factory.mktemp("timed")
    for value in range(3):
        write(lake / "s/t", value, mode="append")
    for version, time in enumerate(TIMES):
        commit = lake / f"s/t/_delta_log/{version:020}.json"
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in actions:
            if "commitInfo" in action:
                action["commitInfo"]["timestamp"] = time
        commit.write_text("\n".join(map(json.dumps, actions)))
    shutil.copytree(lake, lake / "copy")
    return lake / "copy"


@pytest.mark.parametrize("version", [99, 2**70, -1, True, 0.5, "x", ""])
def test_as_of_knows_the_versions_there_are(tmp_path: Path, shared: Tables, version: Any) -> None:
    """And takes the digits of one, as an environment variable has them."""
    shared.move(tmp_path)
    shared.job("overwrite", "select 1 as k")
    shared.job("append", "select 2 as k")
    with pytest.raises(CompilationError, match=r"s\.t: there is no version .* to be read: its log has 0 to 1\."):
        shared.job("as_of", options={"version": version, "timestamp": None})
    assert shared.job("as_of", options={"version": "0", "timestamp": None}).endswith(", version => 0)")
    assert shared.job("restore", options={"version": 1}) == "version 1 is the current one" and shared.version() == 1
    for both in ({"version": None, "timestamp": None}, {"version": 0, "timestamp": "2024-01-31"}):
        with pytest.raises(CompilationError, match="as_of takes a version or a timestamp, and one of them"):
            shared.job("as_of", options=both)


@pytest.mark.parametrize("moment", MOMENTS)
def test_as_of_a_time_goes_by_the_commits(timed: Path, shared: Tables, moment: str) -> None:
    shared.move(timed)
    options = {"version": None, "timestamp": moment}
    version = MOMENTS[moment]
    if version is None:
        with pytest.raises(
            Exception, match=f"no version known is as old as {moment.replace('.', '[.]')}; the oldest is 0"
        ):
            shared.job("as_of", options=options)
    else:
        assert shared.job("as_of", options=options).endswith(f", version => {version})")


def test_a_time_that_is_none_is_one_line(timed: Path, shared: Tables) -> None:
    shared.move(timed)
    for said in ("yesterday", "2024-13-01", ""):
        with pytest.raises(Exception, match="as_of knows no time"):
            shared.job("as_of", options={"version": None, "timestamp": said})


def test_a_commit_that_does_not_say_its_time_is_named(timed: Path, tmp_path: Path, shared: Tables) -> None:
    shutil.copytree(timed, tmp_path / "lake")
    commit = tmp_path / f"lake/s/t/_delta_log/{1:020}.json"
    commit.write_text("\n".join(line for line in commit.read_text().splitlines() if "commitInfo" not in line))
    shared.move(tmp_path / "lake")
    with pytest.raises(Exception, match="version 1 does not say its time"):
        shared.job("as_of", options={"version": None, "timestamp": "2023-11-14 22:15:30"})
    assert shared.job("as_of", options={"version": None, "timestamp": "2024-01-01"}).endswith("version => 2)")
