"""Builds in S3 and in Azure Blob Storage, on emulators."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.support.project import Project
from tests.support.tables import Tables

FILES = {
    "seeds/s.csv": "id,name\n1,a\n2,b\n",
    "models/t.sql": "{{ config(materialized='table', partition_by='name') }} select * from {{ ref('s') }}",
    "models/m.sql": "{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}"
    " select *, {{ var('n', 0) }} as n from {{ ref('t') }} where id >= {{ var('least', 0) }}",
    "models/a.sql": "{{ config(materialized='incremental') }} select id from {{ ref('m') }}"
    " {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}",
    "models/m.yml": "models: [{name: m, columns: [{name: id, data_tests: [unique, not_null]}]}]",
    "snapshots/sn.sql": "{% snapshot sn %}{{ config(unique_key='id', strategy='check', check_cols=['n']) }}"
    " select * from {{ ref('m') }}{% endsnapshot %}",
}
TABLES = ("s", "t", "m", "a", "sn")


def check_builds(folder: Path, root: str) -> None:
    """A build, one after nothing happened, one after a change, and table care, each with a connection of its own."""
    project = Project(folder, FILES, root=root)

    def dbt(*args: str) -> str:
        success, out = project.in_new_session(*args)
        assert success, out
        return out

    def versions() -> list[int]:
        return [DeltaTable(f"{root}/s/{table}").version() for table in TABLES]

    dbt("build")
    assert versions() == [0] * 5
    dbt("build")
    assert versions() == [0] * 5
    changed = dbt("build", "--vars", "{n: 5, least: 2}")
    assert "merge (0 inserted, 1 updated, 0 deleted)" in changed
    assert versions() == [0, 0, 1, 0, 1]
    shown = dbt("show", "--inline", "select string_agg(n, '|' order by id) as found from {{ ref('m') }}")
    assert "0|5" in shown
    assert "restored version 0" in dbt("run-operation", "dbt_duckdb_delta.restore", "--args", "{model: m, version: 0}")
    assert "unchanged" in dbt("run", "-s", "t")


def test_s3_in_short(tmp_path: Path, s3: str) -> None:
    """The plugin without dbt: what it wrote is there for the next process."""
    tables = Tables(s3)
    tables.job("overwrite", "select 1 as k, 'a' as p union all select 2, 'b'", partition_by=["p"])
    tables.job("merge", "select 2 as k, 'c' as p", unique_key=["k"], partition_by=["p"], delete_unmatched=True)
    assert Tables(s3).rows() == [(2, "c")]
    assert DeltaTable(f"{s3}/s/t").version() == 1


@pytest.mark.stores
def test_s3(tmp_path: Path, s3: str) -> None:
    check_builds(tmp_path / "project", s3)


@pytest.mark.stores
def test_azure(tmp_path: Path, azure: str) -> None:
    check_builds(tmp_path / "project", azure)


def test_azure_without_an_account_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    project = Project(tmp_path / "project", FILES, root="az://container/lake")
    _, out = project.in_new_session("build")
    assert "AZURE_STORAGE_ACCOUNT_NAME" in out and "Traceback" not in out
