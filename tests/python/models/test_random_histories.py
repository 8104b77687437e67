"""Random histories of 25 steps: in the end every table is as a build from scratch makes it of raw.

Or `python -m lakehouse check` tells what is wrong and what mends it, before anybody reads it.
NETFLIX_HISTORIES is how many are tried.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, STDOUT

import polars as pl
import pytest

from tests.python.models.test_incremental_equals_full import CONFLICT, CUT, assert_same_rows
from tests.support.lake import CHECKOUT, Lake
from tests.support.raw_versions import PATHS, Decision, Load, Record, Version, append, decide, loaded
from tests.support.templates import Templates

HISTORIES = int(os.environ.get("NETFLIX_HISTORIES", "1"))
STEPS = 25
OTHERS = ("categories", "countries", "directors", "top10_global", "top10_countries", "top10_most_popular")
EMPTY = (*OTHERS, "engagement", "kaggle_titles")
MODELS = (
    *("bronze_titles", "bronze_cast", "silver_titles_records", "silver_cast_records", "silver_version_decisions"),
    *("silver_titles", "silver_cast", "silver_title_history", "silver_file_versions"),
    *("dim_title", "dim_person", "bridge_title_cast", "quarantine"),
)
ALL = ("--select", *MODELS)
OLDER = ("raw", "bronze", "silver", "gold", "raw bronze", "bronze silver", "silver gold", "raw bronze silver gold")
"""Layers that somebody puts back from a copy."""
COMMAND = re.compile(r"dbt build --full-refresh --select ([\w+ ]+)")


class History:
    """A lake and what happens to it, decided by the seed; `told` has the steps for the report of a failure."""

    def __init__(self, lake: Lake, seed: int) -> None:
        self.lake, self.random = lake, random.Random(seed)
        self.copies: list[Path] = []
        self.decisions = 0
        self.told: list[str] = []

    def step(self) -> None:
        kinds: dict[Callable[[], str], int] = {
            self.load: 10,
            self.decide: 4,
            self.build: 5,
            self.build_a_part: 4,
            self.keep_a_copy: 2,
            self.put_back: 2,
            self.build_and_kill: 1,
            self.build_twice_at_once: 1,
        }
        [kind] = self.random.choices(list(kinds), list(kinds.values()))
        self.told.append(kind.__name__)
        self.told[-1] += f": {kind()}"

    def load(self) -> str:
        """The next version of some files, of which the source says any time, equal ones too."""
        files = self.random.sample(["titles", "more titles", "cast"], self.random.choice([1, 1, 1, 2, 3]))
        day = self.random.randrange(12)
        for file in files:
            self.load_file(file, day, self.names() if file == "cast" else self.titles())
        return f"{files} on day {day}"

    def load_file(self, file: str, day: int, records: list[Record]) -> None:
        known = [version.number for version in self.versions() if version.file == file]
        content = hashlib.sha1(repr(records).encode()).hexdigest()
        version = Version(file, max(known, default=0) + 1, content, Load(day, {}).committed_at)
        gone = [name for name in ("rating", "description") if self.random.random() < 0.1]
        append(version, records, self.lake, without=[] if file == "cast" else gone)
        loaded(version, len(records), self.lake, held=self.random.random() < 0.1)

    def titles(self) -> list[Record]:
        pick = self.random.choice
        found: list[Record] = []
        for _ in range(self.random.randint(1, 6)):
            number = str(self.random.randint(1, 5))
            title, rating, day = pick(["A", "B", "Ame\u0301lie", " A ", ""]), pick(["R", "", "PG"]), pick(DAYS)
            found.append(("90", "", "Movie", title, day, "2018", rating, "Text.", number))
            if pick([False] * 5 + [True]):
                found += CUT if pick([True, False]) else CUT[:1]
        return [*found, CONFLICT] if self.random.random() < 0.1 else found

    def names(self) -> list[Record]:
        pick = self.random.choice
        return [
            (pick(["Ana", "ANA", "Bo", "Bo,", "", "N/A"]), pick(["1", "2", "3", "4", "x"]))
            for _ in range(self.random.randint(1, 6))
        ]

    def versions(self) -> list[Version]:
        if "raw/_files" not in self.lake.tables():
            return []
        rows = self.lake.read("raw/_files").filter(pl.col("status").is_in(["loaded", "held"]))
        columns = ("_file_path", "_file_version", "_file_sha", "_committed_at")
        file = {path: name for name, path in PATHS.items()}
        return [Version(file[path], *rest) for path, *rest in rows.select(columns).iter_rows()]

    def decide(self) -> str:
        versions = self.versions()
        if not versions:
            return "nothing yet"
        version = self.random.choice(versions)
        decision = Decision(version.number, version.file, self.random.choice(["rejected", "released"]))
        self.decisions += 1
        decide(decision, self.decisions, self.lake)
        return str(decision)

    def build(self) -> str:
        return mended(self.lake, ALL)

    def build_a_part(self) -> str:
        parts = self.random.sample(MODELS, self.random.choice([1, 1, 2, 3]))
        parents = self.random.choice(["", "", "+"])
        refresh = self.random.choice([[], [], ["--full-refresh"]])
        options = ["--select", *(f"{parents}{part},{model}" for part in parts for model in MODELS)] if parents else []
        options = [*(options or ["--select", *parts]), *refresh]
        self.lake.build(*options, check=False)  # where its parents are not there it fails, and that is right
        return f"{parents}{parts} {refresh}"

    def keep_a_copy(self) -> str:
        self.copies.append(self.lake.work / f"copy-{len(self.copies)}")
        shutil.copytree(self.lake.root, self.copies[-1])
        return self.copies[-1].name

    def put_back(self) -> str:
        if not self.copies:
            return "no copy yet"
        copy, layers = self.random.choice(self.copies), self.random.choice(OLDER).split()
        for layer in layers:
            if (copy / layer).is_dir():
                shutil.rmtree(self.lake.root / layer, ignore_errors=True)
                shutil.copytree(copy / layer, self.lake.root / layer)
        return f"{layers} of {copy.name}"

    def build_and_kill(self) -> str:
        """After as many commits as it may be."""
        commits = self.random.randrange(12)
        before = len(list(self.lake.root.glob("*/*/_delta_log/*.json")))
        with self.process() as run:
            while run.poll() is None and len(list(self.lake.root.glob("*/*/_delta_log/*.json"))) < before + commits:
                time.sleep(0.02)
            run.send_signal(signal.SIGKILL)
            run.communicate()
        return f"after {commits} commits, with {run.returncode}"

    def build_twice_at_once(self) -> str:
        runs = [self.process() for _ in range(2)]
        said = [run.communicate()[0] for run in runs]
        for run, text in zip(runs, said, strict=True):
            told = "another process" in text or COMMAND.search(text) or "There are no raw tables" in text
            assert run.returncode == 0 or told, text
        return str([run.returncode for run in runs])

    def process(self) -> subprocess.Popen[str]:
        target = self.lake.work / f"target-{time.monotonic_ns()}"
        shutil.copytree(self.lake.work / "target", target)
        command = [sys.executable, "-m", "lakehouse", "build", *ALL, "--exclude-resource-type", "test"]
        command += ["--exclude-resource-type", "unit_test"]
        env = self.lake.environment | {"DBT_TARGET_PATH": str(target)}
        return subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=PIPE, stderr=STDOUT, text=True)


DAYS = ("9/9/2019", "31/12/2019", "9/9/2919")


def mended(lake: Lake, options: tuple[str, ...]) -> str:
    """Build; where that ends with what mends the lake, do so, model by model, and build again."""
    for attempt in range(len(MODELS)):
        done = lake.build(*options, check=False)
        if done.returncode == 0:
            return f"right after {attempt} repairs"
        said = " ".join(message for status, message in done.nodes.values() if status == "error")
        commands = COMMAND.findall(said)
        assert commands, said
        for model in commands:
            of = model.strip().removesuffix("+")
            lake.build("--full-refresh", "--select", *(f"{of}+,{other}" for other in MODELS), check=False)
    raise AssertionError(f"not mended: {said}")


@pytest.mark.histories
@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_random_history_ends_as_a_build_from_scratch(seed: int, templates: Templates, tmp_path: Path) -> None:
    history = History(templates.without(tmp_path / "history", *EMPTY), seed)
    scratch = templates.without(tmp_path / "scratch", *EMPTY)
    history.load_file("titles", 5, history.titles())
    history.load_file("cast", 5, history.names())
    try:
        for _ in range(STEPS):
            history.step()
        history.told.append(history.build())
        shutil.copytree(history.lake.root / "raw", scratch.root / "raw")
        scratch.build(*ALL)
        check = history.lake.python("lakehouse", "check", check=False)
        history.told.append(f"check: {check.stdout}")
        if check.returncode == 0:
            assert_same_rows(history.lake, scratch)
    finally:
        print(f"seed {seed}:", *history.told, sep="\n")
