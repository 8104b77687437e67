"""Runs a command with a Spark session that knows the lake: `python -m lakehouse spark dbt build`.

The session lies at SPARK_REMOTE, any Spark Connect endpoint. Where that is not set, a server runs for the time of the
command: the engine of the package pysail, without a JVM (SPARK=pysail, the default), or Apache Spark with Delta Lake
(SPARK=apache; SPARK_MASTER as Spark's --master, local[*] by default; SPARK_DRIVER_MEMORY, 4g by default). Every Delta
table below LAKEHOUSE_ROOT is registered as <layer>.<table> in the session's catalogue, and the function nfc_normalize
is defined. The command is given SPARK_REMOTE with the id of the session, so that its own Spark client joins it, an
absolute LAKEHOUSE_ROOT, and DBT_TARGET=spark.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unicodedata
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import duckdb
import pyspark
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from dbt_duckdb_delta.object_store import connect_object_store, tables_below

DELTA = "io.delta:delta-spark_4.2_2.13:4.4.0"  # for Apache Spark 4.2; its jars come through Spark's own resolver
PHYSICAL_MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
# Settings of pysail that the environment can replace
SAIL = {
    "RUST_LOG": "error",
    # Of a worker in local-cluster mode. By default 8: queries with many branches are refused, and where all slots are
    # taken, queries that run at the same time wait for each other without end.
    "SAIL_CLUSTER__WORKER_TASK_SLOTS": "1024",
    # By default a join holds one side in memory, however large, and the system ends the server. One that sorts both
    # sides goes on on disk where it exceeds its part of the pool.
    "SAIL_OPTIMIZER__PREFER_HASH_JOIN": "false",
    "SAIL_RUNTIME__MEMORY_POOL__TYPE": "fair",
    "SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE": str(PHYSICAL_MEMORY * 6 // 10),
}
PYSAIL_PATH = re.compile(r"[A-Za-z0-9._~/@:$&'()+,;=-]*")  # other characters it writes as %20 and the like
HIVE = "ignore:Failed to set spark.sql.catalogImplementation:UserWarning"
START_SECONDS = 300  # the first start of Apache Spark loads the jars


def missing(engine: str) -> str | None:
    """What this machine lacks for an engine; None where it can run."""
    if engine == "pysail":
        return None
    java = shutil.which("java")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr if java else ""
    if not any(f'version "{number}' in said for number in (17, 21)):
        return "Apache Spark needs Java 17 or 21, and there is none on the PATH."
    return None


@contextmanager
def server(engine: str) -> Iterator[str]:
    """Run a Spark Connect server; yields its address as SPARK_REMOTE wants it."""
    if lack := missing(engine):
        raise click.ClickException(lack)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="spark-") as work:
        log = Path(work) / "server.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                sail(port) if engine == "pysail" else apache(port, work),
                env=SAIL | os.environ,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait_for(port, process, log)
            yield f"sc://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def sail(port: int) -> list[str]:
    """The command that starts pysail's server."""
    return [sys.executable, "-m", "pysail", "spark", "server", "--port", str(port)]


def apache(port: int, work: str) -> list[str]:
    """The command that starts Apache Spark's Connect server with Delta Lake; everything it leaves goes into `work`."""
    settings = {
        "spark.connect.grpc.binding.port": port,
        "spark.jars.packages": DELTA,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": f"{work}/warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": os.cpu_count(),
        "spark.databricks.delta.snapshotPartitions": os.cpu_count(),  # of the log; 50 by default
        "spark.driver.memory": os.environ.get("SPARK_DRIVER_MEMORY", "4g"),  # local[*] has no other
        "spark.ui.enabled": "false",
        "spark.sql.ui.explainMode": "simple",  # the plan is written down even without an UI
        "spark.sql.maxPlanStringLength": 2000,
    }
    home, connect = Path(pyspark.__file__).parent, "org.apache.spark.sql.connect.service.SparkConnectServer"
    options = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
    master = os.environ.get("SPARK_MASTER", "local[*]")
    return [str(home / "bin/spark-submit"), "--master", master, "--class", connect, *options, "spark-internal"]


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    said = log.read_text(errors="replace").strip().splitlines()[-15:]
    raise click.ClickException("The Spark server did not start. It said:\n  " + "\n  ".join(said))


def nfc_normalize(text: str | None) -> str | None:
    """Unicode normalisation form C, as DuckDB's function of that name."""
    return None if text is None else unicodedata.normalize("NFC", text)


def prepare(spark: SparkSession, root: str) -> None:
    """Register the Delta tables below the root (as lakehouse.settings gives it) in a session; define nfc_normalize."""
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    pysail = " " not in str(spark.sql("select version()").collect()[0][0])  # Apache Spark adds its revision
    if pysail:
        spark.udf.register("nfc_normalize", nfc_normalize, "string")
    else:
        # Spark 4.2 cannot run what it otherwise makes of nullif() in an aggregate.
        spark.conf.set("spark.sql.alwaysInlineCommonExpr", "true")
        # in the JVM, without a Python worker
        normal = "reflect('com.ibm.icu.text.Normalizer', 'compose', text, false)"
        body = f"case when text is not null then {normal} end"
        spark.sql(f"create or replace temporary function nfc_normalize(text string) returns string return {body}")
    conn = duckdb.connect()
    connect_object_store(conn, root)
    for schema, name in tables_below(conn, root):
        path = f"{root}/{schema}/{name}"
        location = path.replace("'", "\\'")
        declared = _columns(path) if pysail else ""  # pysail does not look them up by itself
        spark.sql(f"create schema if not exists {schema}")
        spark.sql(f"create table if not exists {schema}.{name} {declared} using delta location '{location}'")


def _columns(path: str) -> str:
    """The columns of a Delta table as `create table` declares them."""
    schema = StructType.fromJson(json.loads(DeltaTable(path).schema().to_json()))
    declared = (f"`{f.name}` {f.dataType.simpleString()}{'' if f.nullable else ' not null'}" for f in schema)
    return f"({', '.join(declared)})"


@contextmanager
def session(root: str, engine: str = "pysail", remote: str | None = None) -> Iterator[dict[str, str]]:
    """A prepared session, at `remote` or of a server of its own; yields the environment in which a command joins it."""
    if engine == "pysail" and not PYSAIL_PATH.fullmatch(root):
        raise click.ClickException(
            f"pysail cannot find tables below {root!r}: use a path of plain letters, without spaces, or SPARK=apache."
        )
    if remote is None:
        with server(engine) as started, session(root, engine, started) as env:
            yield env
        return
    joined = f"{remote.rstrip('/;')}{';' if ';' in remote else '/;'}session_id={uuid.uuid4()}"
    spark = SparkSession.builder.remote(joined).create()
    try:
        prepare(spark, root)
        yield {
            "SPARK_REMOTE": joined,
            "LAKEHOUSE_ROOT": root,
            "DBT_TARGET": "spark",
            # dbt-spark asks every session of Apache Spark for Hive, which warns of it with every model.
            "PYTHONWARNINGS": ",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), HIVE))),
        }
    finally:
        spark.stop()


def run(command: Sequence[str], root: str, engine: str, remote: str | None) -> int:
    """Run a command in a session, at `remote` or of a server of its own; returns the command's exit code."""
    with session(root, engine, remote) as env:
        return subprocess.run(command, env=os.environ | env, check=False).returncode
