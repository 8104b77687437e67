"""A lake, the command line on it in this process, a GitHub to talk to, and what must hold of every lake."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from ingest import cli
from ingest.sources import http
from tests.python.ingest.github_server import GitHubServer, Repository, running

CONFIG = """
sources:
  feed:
    repository: owner/feed
    folder: data
    datasets:
      - {file: people.csv, table: people, required: [id]}
      - {file: places.tsv, table: places, delimiter: "\\t"}
      - {file: "days-*.csv", table: days}
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


class Bench:
    """A lake below a folder of its own, and the command line on it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.lake = folder / "lake"
        self.config = folder / "sources.yml"
        self.config.write_text(CONFIG)
        self.env = {"LAKEHOUSE_ROOT": str(self.lake)}
        self._monkeypatch = monkeypatch

    def ingest(self, *args: str, **env: str) -> Done:
        """``python -m ingest``, without a new process."""
        for name in ("GITHUB_TOKEN", "GITHUB_API_URL", "GITHUB_RAW_URL"):
            self._monkeypatch.delenv(name, raising=False)
        for name, value in (self.env | env).items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.setattr(sys, "argv", ["ingest", "--config", str(self.config), *args])
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        done = Done(code if isinstance(code, int) else 0 if code is None else 1, out.getvalue(), err.getvalue())
        assert "Traceback" not in done.out + done.err
        return done

    def local(self, files: dict[str, bytes]) -> list[str]:
        """Write a local copy of the source ``feed``; the arguments that read it."""
        for name, content in files.items():
            path = self.folder / "local" / "feed" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return ["--from", str(self.folder / "local")]

    def raw(self, table: str) -> pl.DataFrame:
        return read(self.lake, table)

    def ledger(self) -> pl.DataFrame:
        return read(self.lake, "_files")

    def versions(self) -> dict[str, int]:
        return {log.parent.name: DeltaTable(str(log.parent)).version() for log in self.lake.glob("raw/*/_delta_log")}


def read(lake: Path, table: str) -> pl.DataFrame:
    return pl.read_delta(str(lake / "raw" / table))


def contents(lake: Path) -> dict[str, list[dict[str, object]]]:
    """All that a lake holds, apart from when and by which run it was loaded, in a fixed order."""
    found = {}
    for log in sorted(lake.glob("raw/*/_delta_log")):
        if log.parent.name == "_http_cache":
            continue
        frame = read(lake, log.parent.name).drop("_batch_id", "_ingested_at")
        order = [name for name in ("_file_path", "_file_version", "_file_sha", "_row_number") if name in frame.columns]
        found[log.parent.name] = frame.sort(order, nulls_last=True, maintain_order=True).to_dicts()
    return found


def assert_sound(lake: Path) -> None:
    """Ledger and raw agree: versions without gaps, every record of each once, and nothing else."""
    ledger = read(lake, "_files")
    loaded = ledger.filter(pl.col("status").is_in(["loaded", "held"]))
    decisions = ledger.filter(pl.col("status").is_in(["released", "rejected"]))
    for (source, path), rows in loaded.group_by("_source", "_file_path"):
        versions = sorted(rows["_file_version"])
        assert versions == list(range(1, len(versions) + 1)), f"{source} {path} has versions {versions}"
    refused = ledger.height - loaded.height - decisions.height
    assert ledger.filter(pl.col("status") == "refused")["_file_version"].null_count() == refused
    for table in sorted(set(loaded["raw_table"])):
        raw = read(lake, table)
        for row in loaded.filter(pl.col("raw_table") == table).to_dicts():
            at = (pl.col("_file_path") == row["_file_path"]) & (pl.col("_file_version") == row["_file_version"])
            mine = raw.filter(at & (pl.col("_source") == row["_source"]))
            assert sorted(mine["_row_number"]) == list(range(1, row["row_count"] + 1)), f"{table} {row}"
            assert set(mine["_file_sha"]) <= {row["_file_sha"]}
            assert set(mine["_committed_at"]) <= {row["_committed_at"]}
            assert mine.height - mine["_rescued_data"].null_count() == row["rescued_count"]
        total = loaded.filter(pl.col("raw_table") == table)["row_count"].sum()
        assert raw.height == total, f"{table} holds {raw.height} records, the ledger {total}"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with running() as server:
        server.repositories["owner/feed"] = Repository()
        yield server


@pytest.fixture
def feed(github: GitHubServer, bench: Bench) -> Repository:
    """The repository that the test configuration names, on a server that the bench talks to."""
    bench.env |= github.environment
    return github.repositories["owner/feed"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without pauses."""
    import tenacity

    monkeypatch.setattr(http, "_BACKOFF", tenacity.wait_none())
