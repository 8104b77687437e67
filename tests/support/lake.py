"""Run the project as a person would, in a lake of its own, and read what came out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from tests.support import in_process
from tests.support.in_process import Done

CHECKOUT = Path(__file__).parents[2]
DATA = Path(os.environ.get("NETFLIX_DATA_DIR", CHECKOUT.parent / "shared" / "data"))
OF_RUNS = "gold/data_quality_results"
"""One row for each rule and build: the table that lakes with the same data need not share."""
SPELLED = {
    "long": "bigint",
    "integer": "int",
    "double": "double",
    "string": "string",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
"""A type as the YAML of models spells it, so that DuckDB and Spark understand it, by Delta's name for it."""
needs_real_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the real source data is not at {DATA} (set NETFLIX_DATA_DIR)"
)


@dataclass(frozen=True)
class Lake:
    """A lake in a folder of its own; `work` holds dbt's target and logs."""

    root: Path
    work: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables for a process that works on this lake."""
        return (
            os.environ
            | {
                "LAKEHOUSE_ROOT": str(self.root),
                "DBT_TARGET_PATH": str(self.work / "target"),
                "DBT_LOG_PATH": str(self.work / "logs"),
                "DBT_PROJECT_DIR": str(CHECKOUT),
                "DBT_USE_COLORS": "false",
                "DBT_LOG_LEVEL_FILE": "none",
                # Unit tests depend on no lake: test_road.py runs them, and other builds need not.
                "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
            }
            | self.env
        )

    def run(self, *command: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the checkout, as a process; fails the test on a non-zero exit code if `check`."""
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=self.environment | env,
            capture_output=True,
            text=True,
            check=False,
        )
        _expect(done, command, check)
        return done

    def python(self, module: str, *args: str, check: bool = True, **env: str) -> Done:
        """`python -m <module> …`, in this process."""
        done = in_process.python(module, *args, env=self.environment | env, cwd=CHECKOUT)
        _expect(done, (module, *args), check)
        return done

    def ingest(self, *args: str, check: bool = True, **env: str) -> Done:
        """`python -m ingest …`, in this process."""
        return self.python("ingest", *args, check=check, **env)

    def dbt(self, *args: str, check: bool = True, **env: str) -> Done:
        """`dbt …`, in this process."""
        parsed = not (self.env or env or "--vars" in args) and args[0] in ("build", "run", "test")
        done = in_process.dbt(*args, env=self.environment | env, cwd=CHECKOUT, parsed=parsed)
        _expect(done, ("dbt", *args), check)
        return done

    def build(self, *args: str, check: bool = True) -> Done:
        """`dbt build …` of seeds and models, without data tests: for tests that judge the tables themselves."""
        # dbt spends a tenth of a build in wording lines that nobody reads; what failed stands in the results.
        only = ("--log-level", "none", "--no-write-json")
        without = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        options = (*only, *without, *args)
        done = in_process.dbt("build", *options, env=self.environment, cwd=CHECKOUT, parsed=not self.env)
        failed = [f"{name}: {message}" for name, (status, message) in done.nodes.items() if status in ("error", "fail")]
        _expect(replace(done, stdout="\n".join(failed)), ("dbt build", *args), check)
        return done

    def tables(self, *layers: str) -> list[str]:
        """The names `<layer>/<table>` of the tables in the given layers (all, where none is given)."""
        return sorted(
            f"{log.parent.parent.name}/{log.parent.name}"
            for log in self.root.glob("*/*/_delta_log")
            if not layers or log.parent.parent.name in layers
        )

    def versions(self, *layers: str) -> dict[str, int]:
        """The Delta version of every table."""
        return {name: DeltaTable(str(self.root / name)).version() for name in self.tables(*layers)}

    def counts(self, *layers: str) -> dict[str, int]:
        """The row count of every table."""
        return {name: DeltaTable(str(self.root / name)).count() for name in self.tables(*layers)}

    def types(self, name: str) -> dict[str, str]:
        """The columns of a table and their types, as the YAML spells them."""
        fields = DeltaTable(str(self.root / name)).schema().fields
        return {field.name: SPELLED[field.type.to_json().strip('"')] for field in fields}

    def read(self, name: str, *columns: str) -> pl.DataFrame:
        """A whole table (or these columns of it), by `<layer>/<table>`."""
        return pl.read_delta(str(self.root / name), columns=list(columns) or None)

    def rows(self, name: str, *leave_out: str) -> pl.DataFrame:
        """A table's rows without lineage columns (and those named), sorted: two lakes are alike where these are."""
        frame = self.read(name)
        columns = sorted(c for c in frame.columns if not c.startswith("_") and c not in leave_out)
        return frame.select(columns).sort(columns)


def copy_checkout(to: Path) -> Path:
    """The checkout without what was built in it; its `.venv` is the one that runs the tests."""
    made = shutil.ignore_patterns(".*", "lake", "sample", "site", "target", "logs")
    top = str(CHECKOUT)
    shutil.copytree(CHECKOUT, to, ignore=lambda folder, names: made(folder, names) if folder == top else set())
    (to / ".venv").symlink_to(sys.prefix)
    return to


def _expect(done: Done | subprocess.CompletedProcess[str], command: tuple[str, ...], check: bool) -> None:
    if check and done.returncode != 0:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
