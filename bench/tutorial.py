"""The tutorial's own pipeline, as what ours is measured against: `python -m bench.tutorial spark FOLDER OUT`.

The five files of the catalogue copied to raw, and of each a Delta table in bronze as it was read, in silver (the titles
typed and ranked) and in gold (the records that pass the expectations), and counts. No history, no quarantine, no star
schema, no tests.

  spark    on Apache Spark with Delta Lake, as the tutorial's notebooks do it
  floor    by DuckDB and delta-rs, without dbt: what these two take for the same copies alone
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import click

FEEDS = ("titles", "cast", "category", "countries", "directors")
# In words that both engines know.
MINUTES, SEASONS = (
    f"try_cast(coalesce({column}, {n}) as int)"
    for column, n in (("duration_minutes", "'0'"), ("duration_seasons", "'1'"))
)
TITLES = f"""
    select show_id, type, title, description, date_added, release_year,
      split_part(rating, '-', 1) as rating, {MINUTES} as duration_minutes, {SEASONS} as duration_seasons,
      split_part(title, ':', 1) as short_title,
      case type when 'Movie' then 1 when 'TV Show' then 2 else 0 end as type_flag,
      dense_rank() over (order by {MINUTES} desc) as duration_ranking
    from bronze_titles"""


def build(folder: Path, out: Path, bronze: Callable[[Path, str], None], keep: Callable[[str, str, str], None]) -> None:
    """The pipeline; ``bronze`` keeps a file as a table and ``keep`` a query, both under the name <layer>_<feed>."""
    (out / "raw").mkdir(parents=True)
    for feed in FEEDS:
        bronze(Path(shutil.copy(folder / f"netflix_{feed}.csv", out / "raw")), feed)
    for feed in FEEDS:
        keep(TITLES if feed == "titles" else f"select * from bronze_{feed}", "silver", feed)
    for feed in FEEDS:
        keep(f"select * from silver_{feed} where show_id is not null", "gold", feed)


def spark(folder: Path, out: Path) -> None:
    """Apache Spark in this process, on all cores of the machine."""
    from pyspark.sql import DataFrame, SparkSession

    from lakehouse.engines.spark import DELTA

    cores = str(os.cpu_count())
    settings: dict[str, bool | float | int | str | None] = {
        "spark.jars.packages": DELTA,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.shuffle.partitions": cores,
        "spark.databricks.delta.snapshotPartitions": cores,
        "spark.driver.memory": "8g",
        "spark.ui.enabled": "false",
    }
    session = SparkSession.builder.master("local[*]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")

    def written(rows: DataFrame, layer: str, feed: str) -> None:
        rows.write.format("delta").save(str(out / layer / feed))
        session.read.format("delta").load(str(out / layer / feed)).createOrReplaceTempView(f"{layer}_{feed}")
        if layer == "gold":
            session.table(f"gold_{feed}").count()

    def bronze(file: Path, feed: str) -> None:
        written(session.read.option("header", True).csv(str(file)), "bronze", feed)

    build(folder, out, bronze, lambda sql, layer, feed: written(session.sql(sql), layer, feed))
    session.sql("select type, count(*) from silver_titles group by type").collect()


def floor(folder: Path, out: Path) -> None:
    """DuckDB and delta-rs, as our models write their tables."""
    import duckdb
    from deltalake import WriterProperties, write_deltalake

    from dbt_duckdb_delta.attempt import FILE_BYTES, HOW
    from dbt_duckdb_delta.object_store import load_extension

    connection = duckdb.connect()
    load_extension(connection, "delta")

    def keep(sql: str, layer: str, feed: str) -> None:
        path, how = str(out / layer / feed), WriterProperties(**HOW)
        write_deltalake(path, connection.sql(sql), target_file_size=FILE_BYTES, writer_properties=how)
        connection.execute(f"create view {layer}_{feed} as from delta_scan('{path}')")
        if layer == "gold":
            connection.execute(f"select count(*) from gold_{feed}").fetchall()

    def bronze(file: Path, feed: str) -> None:
        how = "all_varchar => true, header => true, null_padding => true, strict_mode => false, quote => '\"'"
        keep(f"from read_csv('{file}', {how})", "bronze", feed)

    build(folder, out, bronze, keep)
    connection.execute("select type, count(*) from silver_titles group by type").fetchall()


@click.command()
@click.argument("engine", type=click.Choice(["spark", "floor"]))
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
def main(engine: str, folder: Path, out: Path) -> None:
    """Build the fifteen tables below OUT, which must not be there yet, from the five files in FOLDER."""
    {"spark": spark, "floor": floor}[engine](folder, out)


if __name__ == "__main__":
    main()
