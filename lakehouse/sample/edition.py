"""Writes the made-up catalogue as one file, in the layout, and with the dirt, of the editions on Kaggle.

``python -m lakehouse sample --edition --out DIR`` writes ``DIR/netflix_titles.csv``: the titles of the same week of the
sample with their people, genres and countries as lists, the newest first, counted ``s1``, ``s2``, …
"""

import errno
import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from ingest.contents import FIRST_RELEASE, MARKER, is_made_up
from lakehouse.sample.catalogue import CHILDREN, NO_RATING, QUOTED, Catalogue

FILE = "netflix_titles.csv"
COLUMNS = (
    *("show_id", "type", "title", "director", "cast", "country", "date_added", "release_year", "rating", "duration"),
    *("listed_in", "description"),
)
MOVED = 3
"""Movies whose length stands in the column of the rating."""
BLANK_BEFORE = 100
"""Of so many days, one has a blank before it."""


def write_edition(out: Path, titles: int, week: int, seed: int) -> dict[str, int]:
    """Writes the file of one week; returns the number of its records by its path below `out`.

    Its modification time is the Monday of its week at 06:00 UTC. Beside it lies a mark that it is made up.
    Raises OSError where `out` cannot be written or holds such a file of another origin.
    """
    path = out / FILE
    if path.exists() and not is_made_up(out):
        raise FileExistsError(errno.EEXIST, "there is a file that is not of the sample", str(path))
    frame = edition(Catalogue(titles, week, seed))
    published = (FIRST_RELEASE + timedelta(weeks=week - 1)).timestamp()
    out.mkdir(parents=True, exist_ok=True)
    mark, part = out / MARKER, path.with_name(f"{FILE}.part")
    mark.write_text(f"Made up by python -m lakehouse sample --edition --titles {titles} --week {week} --seed {seed}\n")
    try:
        frame.write_csv(part)
        for written in (part, mark):
            os.utime(written, (published, published))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return {FILE: frame.height}


def edition(catalogue: Catalogue) -> pl.DataFrame:
    """The records of the file: all columns text, null for an empty field."""
    titles = pl.concat(catalogue.title_frames(broken=False)).reverse()
    for child, column in CHILDREN.items():
        names = pl.concat(catalogue.child_frames(child))
        lists = names.group_by("show_id", maintain_order=True).agg(pl.col(column).str.join(", "))
        titles = titles.join(lists, on="show_id", how="left", maintain_order="left")
    rated = np.delete(catalogue.special, NO_RATING)
    movies = rated[catalogue.is_movie(rated)]
    is_moved = pl.col("show_id").is_in(catalogue.show_ids(movies[:MOVED]).implode())
    has_comma = pl.col("show_id").is_in(catalogue.show_ids(catalogue.special[[QUOTED]]).implode())
    seasons = pl.col("duration_seasons")
    duration = pl.coalesce(
        pl.col("duration_minutes") + " min",
        seasons + pl.when(seasons == "1").then(pl.lit(" Season")).otherwise(pl.lit(" Seasons")),
    )
    number = pl.int_range(1, pl.len() + 1)
    day = pl.col("date_added").str.to_date("%m/%d/%Y").dt.strftime("%B %-d, %Y")
    return titles.select(
        "type",
        "title",
        "description",
        "director",
        "cast",
        "listed_in",
        "release_year",
        show_id=pl.format("s{}", number),
        country=pl.when(has_comma).then(", " + pl.col("country").fill_null("Spain")).otherwise("country"),
        date_added=pl.when(number % BLANK_BEFORE == 0).then(" " + day).otherwise(day),
        rating=pl.when(is_moved).then(duration).otherwise("rating"),
        duration=pl.when(~is_moved).then(duration),
    ).select(COLUMNS)
