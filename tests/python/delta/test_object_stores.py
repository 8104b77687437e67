"""Builds in S3 and in Azure Blob Storage, on emulators."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.secrets import Secret
from dbt_common.exceptions import DbtRuntimeError
from deltalake import DeltaTable

from dbt_duckdb_delta.object_store import connect_object_store, delta_options, load_extension
from dbt_duckdb_delta.plugin import Plugin
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


KEYS = {"key_id": "id", "secret": "secret", "region": "us-east-1", "use_ssl": "false", "url_style": "path"}
AZURE = "type=azure;provider={};serializable=true;scope=az://c/l/;account_name=a;"
SECRETS: list[tuple[str, dict[str, str], str]] = [
    # A root, what delta-rs is given, and the secret that DuckDB gets for that root alone, or why it gets none
    ("s3://b/l", {"AWS_ACCESS_KEY_ID": "k", "aws_secret_access_key": "x"}, "provider=config;serializable=true;scope=s3://b/l/;"),
    ("s3://b/l", {}, "duckdb-extension-aws"),  # a chain, of that extension
    ("gs://b/l", {"google_hmac_key_id": "k", "google_hmac_secret": "x"}, "type=gcs;provider=config;"),
    ("gs://b/l", {}, "needs an HMAC key: a secret of type gcs in the profile"),
    ("az://c/l", {}, "set AZURE_STORAGE_ACCOUNT_NAME"),
    ("az://c/l", {"account_name": "a"}, AZURE.format("credential_chain") + "chain=workload_identity;"),
    ("abfss://c@a.dfs.core.windows.net/l", {}, "scope=abfss://c@a.dfs.core.windows.net/l/;account_name=a;chain"),
    ("az://c/l", {"account_name": "a", "azure_client_id": "i", "azure_client_secret": "x", "azure_tenant_id": "t"},
     AZURE.format("service_principal") + "client_id=i;client_secret=redacted;tenant_id=t"),
    ("az://c/l", {"account_name": "a", "sas_token": "?sv=1&sig=x"}, "connection_string="),
    ("az://c/l", {"account_name": "a", "account_key": "eA=="}, "connection_string="),
]  # fmt: skip


@pytest.mark.parametrize(("root", "options", "expected"), SECRETS)
def test_duckdb_has_the_credentials_of_delta_rs_for_the_root_alone(
    root: str, options: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setitem(sys.modules, "duckdb_extension_aws", None)
    with duckdb.connect() as connection:
        connection.execute("set allow_persistent_secrets = false")
        try:
            connect_object_store(connection, root, options)
        except DbtRuntimeError as error:
            assert expected in error.msg and "\n" not in error.msg
            return
        ((name, said),) = connection.execute("select name, secret_string from duckdb_secrets()").fetchall()
        assert name == "dbt_duckdb_delta" and expected in said
        (scope,) = connection.execute("select scope from duckdb_secrets()").fetchall()[0]
        assert scope == [f"{root}/"]


def test_the_secrets_of_a_profile_are_those_of_delta_rs_too() -> None:
    connection = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=eA==;EndpointSuffix=core.windows.net"
    secrets = [
        Secret.create("s3", scope="s3://other/", key_id="no"),
        Secret.create("S3", scope=["s3://b"], key_id="k", secret="x", endpoint="localhost:1", use_ssl=False),
        Secret.create("azure", connection_string=connection),
        Secret.create("gcs", key_id="g", secret="h"),
    ]
    given = {"aws_access_key_id": "k", "aws_secret_access_key": "x", "aws_allow_http": "true"}
    assert delta_options("s3://b/l", secrets) == given | {"aws_endpoint_url": "http://localhost:1"}
    account = {"azure_storage_account_name": "a", "azure_storage_account_key": "eA=="}
    assert delta_options("az://c/l", secrets) == account
    assert delta_options("gs://b/l", secrets) == delta_options("/a/folder", secrets) == {}


@pytest.mark.stores
@pytest.mark.parametrize("how", ["secrets", "storage_options"])
def test_s3_with_credentials_of_the_profile(tmp_path: Path, s3: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """None in the environment: a build, and one after nothing happened."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    options = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "aws_region": "us-east-1"}
    options |= {"aws_endpoint_url": endpoint, "aws_allow_http": "true"}
    config = {"root": s3} | ({"storage_options": options} if how == "storage_options" else {})
    credentials = DuckDBCredentials(
        database="memory",
        schema="s",
        path=":memory:",
        settings={"TimeZone": "UTC"},
        secrets=[{"type": "s3", "scope": s3, "endpoint": endpoint.partition("://")[2], **KEYS}]
        if how == "secrets"
        else [],
    )
    plugin = Plugin("delta", config, credentials=credentials)
    connection = duckdb.connect()
    load_extension(connection, "httpfs")
    for sql in credentials.secrets_sql():
        connection.execute(sql)
    plugin.configure_connection(connection)
    relation = SimpleNamespace(database=None, schema="s", identifier="t")
    for done in ("overwrite", "unchanged"):
        asked: dict[str, Any] = {"job": {"strategy": "overwrite", "sql": "select 1 as id", "reuse": True}}
        plugin.store(cast(Any, SimpleNamespace(relation=relation, config=asked)))
        assert asked["result"] == done
    assert connection.execute("from s.t").fetchall() == [(1,)]
    assert connection.execute("select count(*) from duckdb_secrets()").fetchall() == [(1,)]
