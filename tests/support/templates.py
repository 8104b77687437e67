"""Lakes that are built once in a run of the tests, at first need, and copied by every test that changes one.

A copy is as good as the original: tables refer to their files by relative paths, and views are made when dbt connects.
All workers share one folder. So they do the parsed project, which says nothing of where a lake lies.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from deltalake import DeltaTable
from filelock import FileLock

from lakehouse.sample.files import write_sample
from tests.python.ingest.github_server import GitHubServer, Repository, running
from tests.support.hostile import write_hostile
from tests.support.lake import CHECKOUT, DATA, Lake
from tests.support.top10_history import commits

OF_THE_CATALOGUE = ("titles", "cast", "categories", "countries", "directors")
PARSED = ("partial_parse.msgpack", "manifest.json", "semantic_manifest.json")
REPOSITORY = "anshlambagit/Netflix_Azure_Data_Engineering_Project"


CODE = ("models", "macros", "seeds", "dbt_duckdb_delta", "ingest", "lakehouse", "tests/dbt")
MADE_BY = (*CODE, "tests/support", "*.yml")


def digest() -> str:
    """A name for the code that makes the lakes: other code, another name."""
    found = hashlib.sha256()
    for place in MADE_BY:
        for top in sorted(CHECKOUT.glob(place)):
            for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if file.is_file() and "__pycache__" not in file.parts:
                    found.update(str(file.relative_to(CHECKOUT)).encode() + file.read_bytes())
    return found.hexdigest()[:12]


@dataclass(frozen=True)
class Templates:
    """Everything that is made once, in a folder that all workers share."""

    folder: Path

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """The path of what `make` writes there; whoever comes meanwhile waits. All who ask get the same failure."""
        path, failed = self.folder / name, self.folder / f"{name}.failed"
        done = self.folder / f"{name}.done"
        with FileLock(f"{path}.lock"):
            if failed.exists():
                raise RuntimeError(f"{name} could not be made: {failed.read_text()}")
            if not done.exists():
                try:
                    make(path)
                except BaseException as error:
                    failed.write_text(str(error))
                    raise
                done.touch()
        return path

    def sample(self, week: int = 1, titles: int = 300, seed: int = 7) -> Path:
        """The files of the sample as they stand in a week."""
        return self.once(f"sample-{week}-{titles}-{seed}", lambda path: write_sample(path, titles, week, seed))

    def parsed(self) -> Path:
        """A target folder with the parsed project."""
        return self.once("parsed", lambda path: Lake(path / "no-lake", path).dbt("parse", DBT_TARGET_PATH=str(path)))

    def empty(self, work: Path) -> Lake:
        """A lake without a table; dbt need not parse for it."""
        (work / "target").mkdir(parents=True, exist_ok=True)
        for name in PARSED:
            shutil.copy(self.parsed() / name, work / "target")
        return Lake(work / "lake", work)

    def lake(self, name: str) -> Lake:
        """One of the lakes below, not to be changed."""
        return Lake(self.once(name, lambda path: LAKES[name](self, self.empty(path))) / "lake", self.folder / name)

    def copy(self, name: str, work: Path, *layers: str) -> Lake:
        """A copy of one of the lakes below (of these layers only), to be changed."""
        original, copy = self.lake(name), self.empty(work)
        for layer in layers or ("",):
            shutil.copytree(original.root / layer, copy.root / layer)
        return copy

    def without(self, work: Path, *feeds: str) -> Lake:
        """A lake in which the tables of these feeds are there, without a row: a test of others need not build them."""
        lake = self.empty(work)
        for feed in feeds:
            original = self.lake("only top10" if feed in OF_THE_CATALOGUE else "only catalogue")
            for name in original.tables("bronze", "silver"):
                if name.split("/")[1] in tables_of(feed):
                    assert DeltaTable(str(original.root / name)).count() == 0, name
                    shutil.copytree(original.root / name, lake.root / name)
        return lake


def tables_of(*feeds: str) -> list[str]:
    """The bronze and silver tables of feeds."""
    return [name for feed in feeds for name in (f"bronze_{feed}", f"silver_{feed}_records", f"silver_{feed}")]


def _sample(templates: Templates, lake: Lake) -> None:
    """Week 1 of the sample, built with all data tests."""
    lake.ingest("--from", str(templates.sample()))
    lake.dbt("build")


def _real(_: Templates, lake: Lake) -> None:
    """The real catalogue, pulled over HTTP, every published version of the Top 10 lists, and the half-yearly reports;
    built with all tests."""
    ingest_catalogue(lake)
    for commit in commits():
        commit.ingest(lake, lake.work)
    ingest_reports(lake)
    lake.dbt("build")


def _only(source: str) -> Callable[[Templates, Lake], None]:
    """One source of a small sample, with hostile names; built with all data tests."""

    def make(templates: Templates, lake: Lake) -> None:
        write_hostile(templates.sample(titles=60), lake.work / "from", source)
        lake.ingest("--from", str(lake.work / "from"), "--source", source)
        lake.dbt("build")

    return make


def ingest_catalogue(lake: Lake) -> None:
    """Pull the real catalogue, with the time of its commit: that of a local copy is when it was copied."""
    with github() as server:
        replace(lake, env=server.environment).ingest("--source", "catalogue")


def ingest_reports(lake: Lake) -> None:
    """Load the real half-yearly reports."""
    shutil.copytree(DATA / "engagement", lake.work / "from" / "engagement")
    lake.ingest("--from", str(lake.work / "from"), "--source", "engagement")


@contextmanager
def github() -> Iterator[GitHubServer]:
    """A server that speaks GitHub's API over the real catalogue as it was committed."""
    repository = Repository()
    repository.commit(
        {f"RawData_AND_Notebooks/{file.name}": file.read_bytes() for file in (DATA / "catalogue").iterdir()},
        at=datetime(2025, 2, 14, tzinfo=UTC),
        sha="475bc541eb64f666fc3f47ec9e1a1a1ebf33ec5f",
    )
    with running() as server:
        server.repositories[REPOSITORY] = repository
        yield server


LAKES: dict[str, Callable[[Templates, Lake], None]] = {
    "sample": _sample,
    "real": _real,
    "only catalogue": _only("catalogue"),
    "only top10": _only("top10"),
}
