"""Where Delta tables lie: paths, DuckDB's extensions, and the credentials of object stores."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from pathlib import Path

import duckdb
from dbt_common.exceptions import DbtRuntimeError
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from dbt_duckdb_delta.queries import literal


def tables_below(conn: duckdb.DuckDBPyConnection, root: str) -> list[tuple[str, str]]:
    """Schema and name of every Delta table `<root>/<schema>/<name>`."""
    pattern = literal(f"{root}/*/*/_delta_log/*.json")
    logs = conn.execute(f"select distinct parse_path(file)[:-3] from glob({pattern})")
    return sorted((log[-2], log[-1]) for (log,) in logs.fetchall())


def mapped_partitions(
    conn: duckdb.DuckDBPyConnection, root: str, tables: list[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Those of the tables that are partitioned and have column mapping, as their first commits say.

    A table whose first commit is gone, behind a checkpoint, is asked itself.
    """
    commits = literal(f"{root}/*/*/_delta_log/{0:020}.json")
    says = "regexp_matches(content, '{}')".format
    both = says('"delta.columnMapping.mode" *: *"(name|id)"') + " and " + says('"partitionColumns" *: *\\[ *"')
    if conn.execute(f"select 1 from glob({commits}) limit 1").fetchall():
        told = conn.execute(f"select parse_path(filename)[-4:-3], {both} from read_text({commits})").fetchall()
    else:
        told = []
    found = {(place[0], place[1]): mapped for place, mapped in told}
    for schema, name in set(tables) - found.keys():
        with suppress(DeltaError):  # which the view says better
            metadata = DeltaTable(f"{root}/{schema}/{name}").metadata()
            mode = metadata.configuration.get("delta.columnMapping.mode")
            found[schema, name] = bool(metadata.partition_columns) and mode in ("name", "id")
    return {table for table, mapped in found.items() if mapped}


def load_extension(conn: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its Python wheel (`duckdb-extension-<name>`); nothing is downloaded."""
    try:
        package = importlib.import_module(f"duckdb_extension_{name}")
    except ImportError as error:
        raise DbtRuntimeError(f"The package duckdb-extension-{name} is missing: run `make setup`.") from error
    file = Path(str(package.__file__)).parent / f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"
    conn.execute(f"load {literal(str(file))}")


def connect_object_store(conn: duckdb.DuckDBPyConnection, root: str) -> None:
    """Give DuckDB the credentials that delta-rs reads by itself, from the clouds' standard environment variables."""
    env, scheme = os.environ.get, root.split("://")[0]
    if scheme == "s3":
        load_extension(conn, "httpfs")
        options = {"type": "s3", "key_id": env("AWS_ACCESS_KEY_ID"), "secret": env("AWS_SECRET_ACCESS_KEY")}
        options |= {"session_token": env("AWS_SESSION_TOKEN"), "region": env("AWS_REGION") or env("AWS_DEFAULT_REGION")}
        if endpoint := env("AWS_ENDPOINT_URL_S3") or env("AWS_ENDPOINT_URL"):
            protocol, host = endpoint.rstrip("/").split("://")
            options |= {"endpoint": host, "url_style": "path", "use_ssl": str(protocol == "https").lower()}
    elif scheme in ("az", "abfss"):
        load_extension(conn, "azure")
        name, key = env("AZURE_STORAGE_ACCOUNT_NAME"), env("AZURE_STORAGE_ACCOUNT_KEY")
        if not name or not key:
            raise DbtRuntimeError(f"For {root}, set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY.")
        endpoint = env("AZURE_STORAGE_ENDPOINT")
        if env("AZURE_STORAGE_USE_EMULATOR"):
            endpoint = f"{env('AZURITE_BLOB_STORAGE_URL') or 'http://127.0.0.1:10000'}/{name}"
        where = f"BlobEndpoint={endpoint}" if endpoint else "DefaultEndpointsProtocol=https"
        options = {"type": "azure", "connection_string": f"{where};AccountName={name};AccountKey={key}"}
    else:
        return
    parts = ", ".join(f"{key} {literal(value)}" for key, value in options.items() if value)
    conn.execute(f"create or replace secret lakehouse ({parts})")
