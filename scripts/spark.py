"""Run a command with a Spark session that knows the lake: `python -m scripts.spark dbt build`.

The session lies at SPARK_REMOTE, any Spark Connect endpoint. Where that is not set, a server runs for the time of the
command: the engine of the package pysail, without a JVM (SPARK=pysail, the default), or Apache Spark with Delta Lake
(SPARK=apache). Every Delta table below LAKEHOUSE_ROOT is registered as <layer>.<table> in the session's catalogue, and
the function nfc_normalize is defined. The command is given SPARK_REMOTE with the id of the session, so that its own
Spark client joins it, an absolute LAKEHOUSE_ROOT, and DBT_TARGET=spark.
"""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import click
import duckdb
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from plugins.object_store import absolute, connect_object_store, tables_below

ENGINES = ("pysail", "apache")


def nfc_normalize(text: str | None) -> str | None:
    """Unicode normalisation form C, as DuckDB's function of that name."""
    return None if text is None else unicodedata.normalize("NFC", text)


@contextmanager
def server(engine: str) -> Iterator[str]:
    """Run a Spark Connect server; yields its address as SPARK_REMOTE wants it."""
    if engine == "pysail":
        from pysail.spark import SparkConnectServer

        sail = SparkConnectServer()
        sail.start(background=True)
        assert sail.listening_address is not None
        host, port = sail.listening_address
        try:
            yield f"sc://{host}:{port}"
        finally:
            sail.stop()
    else:
        raise click.ClickException("not yet")


def prepare(spark: SparkSession, root: str) -> None:
    """Register the Delta tables below the root, and define nfc_normalize, in a session."""
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    pysail = " " not in str(spark.sql("select version()").collect()[0][0])  # Apache Spark adds its revision
    if pysail:
        spark.udf.register("nfc_normalize", nfc_normalize, "string")
    conn = duckdb.connect()
    connect_object_store(conn, root)
    for schema, name in tables_below(conn, root):
        path = f"{root}/{schema}/{name}"
        spark.sql(f"create schema if not exists {schema}")
        spark.sql(f"create table if not exists {schema}.{name} {columns(path) if pysail else ''} using delta location '{path}'")


def columns(path: str) -> str:
    """The columns of a Delta table as `create table` declares them: pysail does not look them up by itself."""
    schema = StructType.fromJson(__import__("json").loads(DeltaTable(path).schema().to_json()))
    return "(" + ", ".join(f"`{f.name}` {f.dataType.simpleString()}{'' if f.nullable else ' not null'}" for f in schema) + ")"


@contextmanager
def session(root: str, remote: str | None, engine: str) -> Iterator[dict[str, str]]:
    """A prepared session; yields the environment in which a command joins it."""
    if remote is None:
        with server(engine) as started, session(root, started, engine) as env:
            yield env
        return
    joined = f"{remote.rstrip('/;')}/;session_id={uuid.uuid4()}"
    spark = SparkSession.builder.remote(joined).getOrCreate()
    try:
        prepare(spark, absolute(root))
        yield {"SPARK_REMOTE": joined, "LAKEHOUSE_ROOT": absolute(root), "DBT_TARGET": "spark"}
    finally:
        spark.stop()


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True)
def main(command: tuple[str, ...]) -> None:
    """Run COMMAND with a Spark session that knows the Delta tables below LAKEHOUSE_ROOT (default: lake)."""
    engine = os.environ.get("SPARK", "pysail")
    if engine not in ENGINES:
        raise click.UsageError(f"SPARK is {engine}, but can only be {' or '.join(ENGINES)}.")
    root = os.environ.get("LAKEHOUSE_ROOT", "lake")
    with session(root, os.environ.get("SPARK_REMOTE"), engine) as env:
        code = subprocess.run(command, env=os.environ | env, check=False).returncode
    sys.exit(code)


if __name__ == "__main__":
    main()
