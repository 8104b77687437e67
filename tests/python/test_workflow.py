"""The steps of the weekly workflow that decide something, run in bash with stand-ins for what GitHub provides."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.lake import CHECKOUT

# Answers `gh api … --jq <filter>` from answer.json with jq, and `gh run download <id>` with the artifact of that run.
GH = """#!/bin/bash
if [ "$1" = api ]; then
  case "$2" in *artifacts*) jq -r "$4" answer.json ;; *) echo main ;; esac
else
  mkdir -p kept && cp "lake-of-$3.tar.gz" kept/lake.tar.gz
fi
"""


def steps() -> dict[str, dict[str, Any]]:
    jobs = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "site.yml").read_text())["jobs"]
    return {step["name"]: step for step in jobs["build"]["steps"] if "name" in step}


def run(script: str, folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as GitHub does, with these programs found first."""
    for name, text in programs.items():
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    env = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "somebody/lakehouse"}
    env |= {name: str(folder / name.lower()) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def artifact(run_id: int, made: str, *, expired: bool = False, branch: str = "main") -> dict[str, Any]:
    return {"expired": expired, "created_at": made, "workflow_run": {"id": run_id, "head_branch": branch}}


FETCH = next(name for name in steps() if "lake" in name.lower() and "gh run download" in steps()[name].get("run", ""))
EXPIRED = artifact(1, "2026-01-05", expired=True)
KEPT = artifact(2, "2026-01-01")
OF_SOMEBODY_ELSE = artifact(3, "2026-01-09", branch="fork")


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq, which `gh --jq` has built in, is not installed")
@pytest.mark.parametrize(
    ("artifacts", "taken"),
    [([], None), ([EXPIRED], None), ([OF_SOMEBODY_ELSE], None), ([EXPIRED, KEPT, OF_SOMEBODY_ELSE], 2)],
)
def test_the_last_lake_that_is_still_kept_is_taken(
    artifacts: list[dict[str, Any]], taken: int | None, tmp_path: Path
) -> None:
    (tmp_path / "answer.json").write_text(json.dumps({"artifacts": artifacts}))
    for number in (1, 2, 3):
        (tmp_path / "lake").mkdir()
        (tmp_path / "lake" / "of").write_text(str(number))
        with tarfile.open(tmp_path / f"lake-of-{number}.tar.gz", "w:gz") as packed:
            packed.add(tmp_path / "lake", "lake")
        shutil.rmtree(tmp_path / "lake")
    done = run(steps()[FETCH]["run"], tmp_path, gh=GH)
    assert done.returncode == 0, done.stderr
    if taken:
        assert (tmp_path / "lake" / "of").read_text() == str(taken)
    else:
        assert "starting with an empty one" in (tmp_path / "github_step_summary").read_text()
        assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_a_refused_file_does_not_end_the_run_and_a_source_out_of_reach_does(code: int, tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\nexit {code}\n")
    python.chmod(0o755)
    done = run(steps()["Load"]["run"], tmp_path)
    assert done.returncode == (0 if code == 1 else code)
    output = tmp_path / "github_output"
    assert (output.read_text() if output.exists() else "") == ("refused=true\n" if code == 1 else "")


def test_the_lake_of_a_failed_run_is_kept() -> None:
    for name in ("Pack the lake", "Keep the lake"):
        assert "!cancelled()" in steps()[name]["if"] and "success()" not in steps()[name]["if"]


def test_secrets_are_in_the_steps_that_need_them_alone() -> None:
    text = (CHECKOUT / ".github" / "workflows" / "site.yml").read_text()
    whole = yaml.safe_load(text)
    assert "secrets." not in json.dumps([whole.get("env"), *[job.get("env") for job in whole["jobs"].values()]])
    with_secrets = {name for name, step in steps().items() if "secrets." in json.dumps(step)}
    assert with_secrets == {"Load", "Build", "Make the site"}


def test_actions_are_pinned_to_commits() -> None:
    lines = [
        line
        for path in (CHECKOUT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert len(lines) > 5
    assert [line for line in lines if not re.search(r"uses: [\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$", line)] == []
