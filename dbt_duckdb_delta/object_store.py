"""Where Delta tables lie: paths, DuckDB's extensions, and the credentials of object stores."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
from dbt_common.exceptions import DbtRuntimeError
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from dbt_duckdb_delta.queries import literal

# Of DuckDB: the type of secret for a scheme, and the extension that reads it.
SECRETS = {"s3": ("s3", "httpfs"), "gs": ("gcs", "httpfs"), "az": ("azure", "azure"), "abfss": ("azure", "azure")}
# What delta-rs calls what DuckDB's secrets and Azure's connection strings hold.
NAMES = {"key_id": "aws_access_key_id", "secret": "aws_secret_access_key", "session_token": "aws_session_token"}
NAMES |= {"region": "aws_region", "profile": "aws_profile", "account_name": "azure_storage_account_name"}
NAMES |= {"AccountName": "azure_storage_account_name", "AccountKey": "azure_storage_account_key"}
NAMES |= {"SharedAccessSignature": "azure_storage_sas_token", "tenant_id": "azure_storage_tenant_id"}
NAMES |= {"client_id": "azure_storage_client_id", "client_secret": "azure_storage_client_secret"}


def tables_below(conn: duckdb.DuckDBPyConnection, root: str) -> list[tuple[str, str]]:
    """Schema and name of every Delta table `<root>/<schema>/<name>`."""
    pattern = literal(f"{root}/*/*/_delta_log/*.json")
    logs = conn.execute(f"select distinct parse_path(file)[:-3] from glob({pattern})")
    return sorted((log[-2], log[-1]) for (log,) in logs.fetchall())


def mapped_partitions(
    conn: duckdb.DuckDBPyConnection, root: str, tables: list[tuple[str, str]], storage: dict[str, str]
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
            metadata = DeltaTable(f"{root}/{schema}/{name}", storage_options=storage).metadata()
            mode = metadata.configuration.get("delta.columnMapping.mode")
            found[schema, name] = bool(metadata.partition_columns) and mode in ("name", "id")
    return {table for table, mapped in found.items() if mapped}


def load_extension(conn: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its Python wheel (`duckdb-extension-<name>`); nothing is downloaded."""
    try:
        package = importlib.import_module(f"duckdb_extension_{name}")
    except ImportError as error:
        package_name = f"duckdb-extension-{name}"
        said = f"The package {package_name} is missing: pip install {package_name}=={duckdb.__version__}"
        raise DbtRuntimeError(said) from error
    file = Path(str(package.__file__)).parent / f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"
    conn.execute(f"load {literal(str(file))}")


def connect_object_store(
    conn: duckdb.DuckDBPyConnection, root: str, storage_options: Mapping[str, str] | None = None
) -> None:
    """Give DuckDB the credentials that delta-rs has: storage_options, or else the clouds' environment variables.

    Where a secret for the root is there already, that one counts. A secret made here is for the root alone.
    """
    scheme = root.split("://")[0]
    if scheme not in SECRETS or scheme == root:
        return
    kind, extension = SECRETS[scheme]
    load_extension(conn, extension)
    conn.execute("drop secret if exists dbt_duckdb_delta")  # of an earlier run in this process
    if conn.execute(f"from which_secret({literal(root + '/')}, {literal(kind)})").fetchall():
        return
    given = {name.lower(): str(value) for name, value in (storage_options or {}).items()}
    env = {name.lower(): value for name, value in os.environ.items()}

    def option(*names: str) -> str | None:
        return next((found for name in names if (found := given.get(name) or env.get(name))), None)

    if kind == "s3":
        options = _s3(option)
    elif kind == "azure":
        options = _azure(option, root)
    else:  # DuckDB reads Google's storage by keys alone, and delta-rs by its own credentials alone
        options = {"key_id": option("google_hmac_key_id"), "secret": option("google_hmac_secret")}
        if not all(options.values()):
            said = (
                f"For {root}, DuckDB needs an HMAC key: a secret of type gcs in the profile, or GOOGLE_HMAC_KEY_ID and"
            )
            raise DbtRuntimeError(f"{said} GOOGLE_HMAC_SECRET.")
    if kind == "s3" and "provider" in options:
        load_extension(conn, "aws")
    parts = ", ".join(f"{key} {literal(value)}" for key, value in options.items() if value)
    try:
        conn.execute(f"create secret dbt_duckdb_delta (type {kind}, scope {literal(root + '/')}, {parts})")
    except duckdb.Error as error:  # a chain at whose end nothing was found
        raise DbtRuntimeError(f"There are no credentials for {root}: {' '.join(str(error).split())}") from error


def _s3(option: Callable[..., str | None]) -> dict[str, str | None]:
    """A key, or else what the SDK finds: profiles, SSO, roles, instances."""
    options = {"key_id": option("aws_access_key_id"), "secret": option("aws_secret_access_key")}
    options |= {"session_token": option("aws_session_token")}
    if not options["key_id"]:
        options = {"provider": "credential_chain", "chain": "config;sso;web_identity;instance;process"}
        options |= {"profile": option("aws_profile"), "refresh": "auto"}
    options |= {"region": option("aws_region", "aws_default_region")}
    if endpoint := option("aws_endpoint_url_s3", "aws_endpoint_url", "aws_endpoint"):
        protocol, host = endpoint.rstrip("/").split("://")
        options |= {"endpoint": host, "url_style": "path", "use_ssl": str(protocol == "https").lower()}
    return options


def _azure(option: Callable[..., str | None], root: str) -> dict[str, str | None]:
    """The account's key, a SAS token, a service principal, or else an identity of the machine or the CLI's login."""
    named = root.partition("@")[2].partition(".")[0]  # abfss://container@account.dfs.core.windows.net
    name = option("azure_storage_account_name", "account_name") or named
    if not name:
        raise DbtRuntimeError(f"For {root}, set AZURE_STORAGE_ACCOUNT_NAME and, say, AZURE_STORAGE_ACCOUNT_KEY.")
    key = option("azure_storage_account_key", "azure_storage_access_key", "account_key")
    sas = option("azure_storage_sas_token", "azure_storage_sas_key", "sas_token")
    endpoint = option("azure_storage_endpoint", "azure_endpoint") or f"https://{name}.blob.core.windows.net"
    if option("azure_storage_use_emulator"):
        endpoint = f"{option('azurite_blob_storage_url') or 'http://127.0.0.1:10000'}/{name}"
    if key or sas:
        proof = f"AccountName={name};AccountKey={key}" if key else f"SharedAccessSignature={str(sas).lstrip('?')}"
        return {"connection_string": f"BlobEndpoint={endpoint};{proof}"}
    client, secret = option("azure_storage_client_id", "azure_client_id"), option("azure_client_secret")
    secret = option("azure_storage_client_secret") or secret
    if client and secret:
        tenant = option("azure_storage_tenant_id", "azure_tenant_id")
        who = {"tenant_id": tenant, "client_id": client, "client_secret": secret}
        return {"provider": "service_principal", "account_name": name, **who}
    chain = "workload_identity;managed_identity;cli"
    return {"provider": "credential_chain", "account_name": name, "chain": chain}


def delta_options(root: str, secrets: Iterable[Any]) -> dict[str, str]:
    """What delta-rs has to know of dbt-duckdb's secrets for a root, which hold a key or the like."""
    kind = SECRETS.get(root.split("://")[0], ("",))[0]
    found: dict[str, str] = {}
    for secret in secrets:
        scopes = [secret.scope] if isinstance(secret.scope, str) else secret.scope or [""]
        if kind == "gcs" or secret.type.lower() != kind or not any(f"{root}/".startswith(scope) for scope in scopes):
            continue
        held = dict(secret.secret_kwargs or {})
        parts = (part.partition("=") for part in held.get("connection_string", "").split(";"))
        held |= {name: value for name, _, value in parts}
        found |= {name: str(held[said]) for said, name in NAMES.items() if held.get(said)}
        if endpoint := held.get("endpoint"):
            secure = str(held.get("use_ssl", True)).lower() == "true"
            found["aws_endpoint_url"] = f"{'https' if secure else 'http'}://{endpoint}"
            found |= {} if secure else {"aws_allow_http": "true"}
    return found
