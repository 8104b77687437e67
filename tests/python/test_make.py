"""The commands of the Makefile and the set-up, with interpreters that only note how they were called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.lake import CHECKOUT

# What stands in for python3: `-m venv` makes a .venv whose python notes its arguments, one call a line, and ends with
# the code that the file `code-<module>` or `code-lakehouse <command>` holds, if there is one.
STUB = """#!/bin/sh
echo "$*" >> "{log}"
what=$2
[ "$2" != lakehouse ] || what="lakehouse $3"
case "$what" in
  venv) mkdir -p "$3/bin" && touch "$3/pyvenv.cfg" && cp "$0" "$3/bin/python" ;;
  "lakehouse sample") mkdir -p sample ;;
  "lakehouse tables") [ "$4" != --remember ] || echo '{{"a table": 1}}' > "$5" ;;
esac
code=0
if [ "$1" = -m ] && [ -f "{here}/code-$what" ]; then read -r code < "{here}/code-$what"; fi
case "$code $*" in "1 "*--dry-run*) code=0 ;; esac  # which refuses no file
exit "$code"
"""
ODD = [
    "Documents old/p",
    "it's",
    'say "hi"',
    "a#b",
    "$HOME $(touch x) `touch y`",
    "50% & more;",
    "\u00dcn\u00efc\u00f6d\u00e9 \u6620\u753b",
]


@dataclass
class Checkout:
    """A copy of what make reads, with a stub for Python, in a folder of its own."""

    folder: Path
    here: Path
    env: dict[str, str] = field(default_factory=dict)

    def make(self, *arguments: str, code: int = 0, **env: str) -> str:
        """Run make; returns what it printed. `code`: of make itself, 2 for every failure."""
        known = {
            key: value
            for key, value in os.environ.items()
            if key not in ("LAKEHOUSE_ROOT", "DBT_TARGET", "SPARK", "PYTHONDONTWRITEBYTECODE")
        }
        done = subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=known | {"PYTHON": str(self.here / "python3")} | env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def ends_with(self, module: str, code: int) -> None:
        """From now on `python -m <module>` (or `lakehouse <command>`) ends with this code."""
        (self.here / f"code-{module}").write_text(f"{code}\n")

    def calls(self) -> list[str]:
        """How the interpreters were called since the last look."""
        log = self.here / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line for line in lines if not line.startswith("-c")]


@pytest.fixture
def new_checkout(tmp_path: Path) -> Callable[[str], Checkout]:
    def make(name: str = "checkout") -> Checkout:
        here = tmp_path / "stub"
        here.mkdir()
        stub = here / "python3"
        stub.write_text(STUB.format(log=here / "calls", here=here))
        stub.chmod(0o755)
        folder = tmp_path / "home" / name
        folder.mkdir(parents=True)
        for part in ("Makefile", "profiles.yml"):
            shutil.copy2(CHECKOUT / part, folder)
        shutil.copytree(CHECKOUT / "requirements", folder / "requirements")
        return Checkout(folder, here)

    return make


@pytest.fixture
def checkout(new_checkout: Callable[[str], Checkout]) -> Checkout:
    return new_checkout("checkout")


def tree(folder: Path, leave_out: Path) -> dict[str, str]:
    """Every file below a folder with its text, without those of a folder below it."""
    files = (path for path in folder.rglob("*") if path.is_file() and leave_out not in path.parents)
    return {str(path.relative_to(folder)): path.read_text() for path in files}


@pytest.mark.parametrize("name", ODD)
def test_a_checkout_may_lie_in_a_folder_of_any_name(new_checkout: Callable[[str], Checkout], name: str) -> None:
    checkout = new_checkout(name)
    home = checkout.folder.parents[name.count("/")]
    for word in {name.split("/")[0].split()[0], "Documents", "other"} - {checkout.folder.name}:
        (home / word).mkdir(exist_ok=True)
        (home / word / "canary").write_text("alive")
    before = tree(home, checkout.folder)
    checkout.make("run", "next-week", "site", "lint")
    calls = checkout.calls()
    assert calls[0] == "-m venv .venv"
    assert all(re.match(r"(-W \S+ )?-m ", call) for call in calls)
    assert sum("pip install" in call for call in calls) == 2
    assert "-m lakehouse build --target dev --exclude-resource-type unit_test" in calls
    checkout.make("clean")
    assert tree(home, checkout.folder) == before
    assert {path.name for path in checkout.folder.iterdir()} == {"Makefile", "profiles.yml", "requirements", ".venv"}


def test_docs_are_written_as_one_page(checkout: Checkout) -> None:
    assert f"{checkout.folder}/target/static_index.html" in checkout.make("docs")
    command = "-m dbt.cli.main docs generate --target dev --static --quiet"
    assert checkout.calls()[-1] == f"-W ignore::RuntimeWarning:runpy {command}"


def test_a_source_may_have_any_name(checkout: Checkout) -> None:
    source = """it's "my" data; touch pwned"""
    checkout.make("run", f"SOURCE={source}")
    assert f"-m ingest --from {source} " in [f"{call} " for call in checkout.calls()]
    assert not (checkout.folder / "pwned").exists()


def test_a_path_in_which_there_can_be_no_venv_is_refused(new_checkout: Callable[[str], Checkout]) -> None:
    checkout = new_checkout("a:b")
    assert "':'" in checkout.make("run", code=2)
    assert checkout.calls() == []


def test_a_venv_of_somebody_else_is_left_alone(checkout: Checkout) -> None:
    mine = checkout.folder / ".venv" / "mine"
    mine.parent.mkdir()
    mine.write_text("keep")
    assert "left alone" in checkout.make("run", code=2)
    assert checkout.calls() == []
    assert mine.read_text() == "keep"


def test_setup_goes_on_and_installs_what_changed_only(checkout: Checkout) -> None:
    def install(name: str) -> str:
        options = "--disable-pip-version-check --progress-bar off --no-compile --no-deps --require-hashes"
        return f"-m pip install {options} -r requirements/{name}.lock"

    checkout.ends_with("pip", 1)
    assert "the next call goes on" in checkout.make("setup", code=2)
    assert checkout.calls() == ["-m venv .venv", install("run")]
    half = checkout.folder / ".venv" / "lib" / "python3.11" / "site-packages" / "half-1.0.dist-info"
    whole = half.with_name("whole-1.0.dist-info")
    for info in (half, whole):
        info.mkdir(parents=True)
    (whole / "INSTALLER").write_text("pip")
    checkout.ends_with("pip", 0)
    checkout.make("setup")
    assert checkout.calls() == [install("run")]
    assert whole.exists() and not half.exists()  # so that pip installs it again
    checkout.make("setup")
    assert checkout.calls() == []
    checkout.make("test")
    assert checkout.calls()[0] == install("development")
    checkout.make("setup", "TARGET=spark")
    assert checkout.calls() == [install("spark")]
    with (checkout.folder / "requirements" / "development.lock").open("a") as lock:
        lock.write("# changed\n")
    checkout.make("setup")
    assert checkout.calls() == []
    checkout.make("test-all")
    assert checkout.calls()[0] == install("development")


def test_what_is_installed_is_compiled_where_python_may_not_do_so_later(checkout: Checkout) -> None:
    checkout.make("setup", PYTHONDONTWRITEBYTECODE="1")
    assert checkout.calls()[-1] == "-m compileall -q -j 0 .venv/lib"


@pytest.mark.parametrize("how", [["TARGET=prod"], ["TARGET="], ["TARGET=dev spark"], ["TARGET=spark", "SPARK=apach"]])
def test_an_unknown_target_is_refused_before_anything_runs(checkout: Checkout, how: list[str]) -> None:
    said = checkout.make("run", *how, code=2)
    assert "dev spark" in said or "pysail or apache" in said
    assert checkout.calls() == []


def test_the_target_of_the_environment_is_known_or_refused_too(checkout: Checkout) -> None:
    assert "dev spark" in checkout.make("run", code=2, DBT_TARGET="prod")
    assert checkout.calls() == []
    checkout.make("run", DBT_TARGET="spark")
    build = ".venv/bin/python -m lakehouse build --target spark --exclude-resource-type unit_test"
    assert f"-m lakehouse spark {build}" in checkout.calls()


def modules(calls: list[str]) -> list[str]:
    """The modules that were run, those of the project's own command line with the command."""
    words = [call.split() for call in calls]
    return [" ".join(w[1:3]) if w[1] == "lakehouse" else w[1] for w in words if w[1] not in ("venv", "pip")]


@pytest.mark.parametrize("goal", ["run", "next-week"])
def test_what_is_good_is_built_when_a_file_was_refused(checkout: Checkout, goal: str) -> None:
    checkout.make("run")
    checkout.calls()
    checkout.ends_with("ingest", 1)
    said = checkout.make(goal, code=2)
    assert modules(checkout.calls())[-2:] == ["lakehouse build", "lakehouse tables"]
    assert "A file was held or refused" in said and "Error 1" in said
    checkout.ends_with("lakehouse build", 7)
    assert "Error 7" in checkout.make(goal, code=2)


@pytest.mark.parametrize("code", [2, 3, 130])
def test_nothing_is_built_when_ingest_could_not_work(checkout: Checkout, code: int) -> None:
    checkout.ends_with("ingest", code)
    assert f"Error {code}" in checkout.make("run", code=2)
    assert modules(checkout.calls()) == ["lakehouse root", "lakehouse sample", "ingest"]


def test_next_week_comes_again_when_it_was_not_loaded(checkout: Checkout) -> None:
    checkout.make("run")
    checkout.ends_with("ingest", 2)
    checkout.make("next-week", code=2)
    assert (checkout.folder / "sample" / "week").read_text() == "1\n"


def test_clean_removes_what_was_made_and_nothing_else(checkout: Checkout, tmp_path: Path) -> None:
    folder, other = checkout.folder, tmp_path / "other"
    for name in ("lake/raw/t", "catalogue", "top10", "engagement", "mine"):
        (other / name).mkdir(parents=True)
        (other / name / "canary").write_text("alive")
    (other / "week").write_text("1")
    (folder / "site").mkdir()
    (folder / "site" / "mine.html").write_text("keep")
    (folder / "lake").symlink_to(other / "lake")
    (folder / "sample").symlink_to(other)
    before = tree(other, folder)
    variables = [f"SAMPLE={other}", f"VENV={other}", f"BIN={other}"]
    said = checkout.make("clean", *variables)
    assert said.count("is a symbolic link: it is left alone") == 2
    assert tree(other, folder) == before and (folder / "site" / "mine.html").exists()
    (folder / "lake").unlink()
    (folder / "sample").unlink()
    for made in (
        "lake/raw",
        "lake/gold",
        "sample/catalogue",
        "sample/top10",
        "sample/engagement",
        "target",
        "logs",
        "site/assets",
    ):
        (folder / made).mkdir(parents=True)
    (folder / "site" / "assets" / "site.css").touch()
    (folder / "sample" / "week").write_text("1")
    checkout.make("clean", f"LAKEHOUSE_ROOT={other / 'lake'}")
    assert (folder / "lake" / "raw").exists() and tree(other, folder) == before
    (folder / "lake" / "mine").touch()
    assert "'lake' holds more" in checkout.make("clean")
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if "requirements" not in path.parts}
    assert left == {"Makefile", "profiles.yml", "lake", "lake/mine"}


def packages(name: str) -> dict[str, set[str]]:
    """The versions of each package in a lock file."""
    found: dict[str, set[str]] = {}
    for line in (CHECKOUT / "requirements" / f"{name}.lock").read_text().splitlines():
        if match := re.match(r"([a-z0-9-]+)==([^ ;]+)", line):
            found.setdefault(match[1], set()).add(match[2])
    return found


def test_the_locks_are_of_one_resolution_and_name_no_registry() -> None:
    run, development, spark = (packages(name) for name in ("run", "development", "spark"))
    for one, other in ((run, development), (run, spark), (development, spark)):
        assert {name: one[name] for name in one.keys() & other} == {name: other[name] for name in one.keys() & other}
    assert {"dbt-core", "duckdb-extension-azure", "altair"} <= run.keys()
    assert not {"pyspark", "pysail", "moto", "playwright", "pytest", "pandas", "pyarrow"} & run.keys()
    assert not {"pyspark", "pysail"} & development.keys()
    for lock in (CHECKOUT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text and "--index" not in text and "--find-links" not in text
        hashed = re.findall(r"^[a-z0-9-]+==[^\\\n]+\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
        assert len(hashed) == len(re.findall("^[a-z]", text, re.MULTILINE))
