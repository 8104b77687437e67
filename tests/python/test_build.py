"""What a build tells a person: how far it is, each warning in a line, and dbt's exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lake import CHECKOUT

FILES = {
    "dbt_project.yml": "{name: small, version: '1.0.0', profile: small, model-paths: [models]}",
    "profiles.yml": "small: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:'}}}",
    "models/numbers.sql": "{% do exceptions.warn('said by a macro') %}select n from range(5) as r(n)",
    "models/numbers.yml": """
models:
  - name: numbers
    columns:
      - name: n
        data_tests:
          - accepted_values: {name: n_is_small, arguments: {values: [0, 1], quote: false}, config: {severity: warn}}
          - not_null
""",
    "models/bad.sql": "{{ config(materialized='table') }}select error('no good') as n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def build(project: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lakehouse", "build", "--project-dir", ".", "--profiles-dir", ".", *options]
    env = os.environ | {"PYTHONPATH": str(CHECKOUT), "GITHUB_STEP_SUMMARY": ""} | env
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)


def test_each_warning_is_one_line_and_the_summary_has_it(project: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    done = build(project, "--select", "numbers", GITHUB_STEP_SUMMARY=str(summary))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "dbt reads the project ..."
    warning = "numbers: n_is_small: 3 rows (models/numbers.yml)"
    at = lines.index("2 warnings of dbt:")
    assert lines[at + 1] == f"  {warning}"
    assert "said by a macro" in lines[at + 2]
    assert "dbt show --select" in lines[at + 3]
    assert "WARN=1 ERROR=0" in lines[at + 4]
    assert f"- `{warning}`\n" in summary.read_text()


def test_the_exit_code_is_dbts(project: Path) -> None:
    failed = build(project)
    assert failed.returncode == 1
    assert "no good" in failed.stdout and "numbers: n_is_small: 3 rows" in failed.stdout
    wrong = build(project, "--no-such-option")
    assert wrong.returncode == 2
    assert "--no-such-option" in wrong.stderr and "Traceback" not in wrong.stdout + wrong.stderr
