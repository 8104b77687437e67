"""Sources with names and numbers that are apt to break a page."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

HOSTILE = (
    "<!--<script>",
    "</script><script>window.hit = 1</script>",
    '<img src="x" onerror="window.hit = 1">',
    "one\u2028line\u2029or three",
    "\"Both\" 'kinds' of `quotes`\\",
    "R&B &amp &lt Soul&gt",  # which browsers read as references, too
    "Comedy/Drama",
    "{{ 7 * 7 }} {% endblock %}",
    "Very " + "long" * 500,
    "Infinity",
    "\u202egnp.\u2066exe\x1b[31m",
)
FLAGGED = "R&B &amp; &lt;Soul&gt;"
"""A name that silver flags as wrongly read: with it a list, which has few names, would be held."""


def renamed(file: Path, column: str, hostile: tuple[str, ...] = HOSTILE) -> None:
    """Give the most frequent values of a column of a file the hostile names."""
    separator = "," if file.suffix == ".csv" else "\t"
    frame = pl.read_csv(file, separator=separator, infer_schema=False, truncate_ragged_lines=True)
    names = frame[column].drop_nulls().value_counts(sort=True)[column].head(len(hostile))
    frame.with_columns(pl.col(column).replace(dict(zip(names, hostile, strict=False)))).write_csv(
        file, separator=separator
    )


def write_hostile(sample: Path, folder: Path, source: str) -> None:
    """One source of a sample: hostile names, and lists of a week in which nobody watched anything."""
    shutil.copytree(sample, folder)
    if source == "catalogue":
        columns = {"titles": "title", "category": "listed_in", "countries": "country", "cast": "cast"}
        for name, column in columns.items():
            renamed(folder / "catalogue" / f"netflix_{name}.csv", column, (*HOSTILE, FLAGGED))
    else:
        for name in ("all-weeks-global.tsv", "all-weeks-countries.tsv"):
            lists = folder / "top10" / name
            renamed(lists, "show_title")
            frame = pl.read_csv(lists, separator="\t", infer_schema=False)
            season = pl.col("show_title") + ": " + pl.col("season_title").str.extract("(Season .*)$")
            frame.with_columns(season.fill_null("N/A").alias("season_title")).write_csv(lists, separator="\t")
        renamed(folder / "top10" / "all-weeks-countries.tsv", "country_name")
        lists = folder / "top10" / "all-weeks-global.tsv"
        frame = pl.read_csv(lists, separator="\t", infer_schema=False)
        nobody = pl.col("week") == pl.col("week").max()
        frame.with_columns(
            pl.when(nobody).then(pl.lit("0")).otherwise(column).alias(column)
            for column in ("weekly_hours_viewed", "weekly_views")
        ).write_csv(lists, separator="\t")
