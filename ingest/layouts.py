"""Files of one name in several layouts: to which source one belongs is seen from its header."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ingest.config import Dataset, Source
from ingest.errors import ConfigurationError, Refused
from ingest.reading.checks import column_name
from ingest.reading.rows import records_of


def columns_of(path: Path, dataset: Dataset) -> set[str]:
    """The columns that a file has, in lower case; none where it has no header that can be read as the dataset says."""
    readable = dataset if dataset.sheet else dataset.model_copy(update={"required": (), "key": ()})
    try:
        with path.open("rb") as file:
            return {name.lower() for name in records_of(file, readable).names}
    except (Refused, OSError):
        return set()


def fit(columns: set[str], dataset: Dataset) -> int:
    """How many columns the dataset needs, if they are all there; otherwise 0."""
    needed = {column_name(name).lower() for name in dataset.needed}
    return len(needed) if needed <= columns else 0


def recognised(folder: Path, sources: Mapping[str, Source]) -> dict[str, list[str]]:
    """The files that lie in a folder itself, by the source that each is laid out for: of those that have a file of its
    name, the one that needs most of its columns.

    Raises:
        ConfigurationError: the folder cannot be read.
    """
    found: dict[str, list[str]] = {}
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be read: {error.strerror}") from None
    for path in paths:
        fits = {
            name: fit(columns_of(path, dataset), dataset)
            for name, source in sources.items()
            if (dataset := source.dataset_of(path.name)) and path.is_file() and not path.is_symlink()
        }
        if any(fits.values()):
            found.setdefault(max(fits, key=fits.__getitem__), []).append(path.name)
    return found


def check(path: Path, name: str, dataset: Dataset, beside: Mapping[str, Source]) -> None:
    """Raises Refused where the file ``name`` of a dataset is laid out as one of the sources ``beside`` it has it."""
    for other, source in beside.items():
        theirs = source.dataset_of(name)
        if theirs and fit(columns_of(path, theirs), theirs) > fit(columns := columns_of(path, dataset), dataset):
            lacking = [column for column in dataset.needed if column_name(column).lower() not in columns]
            more = [column for column in theirs.needed if column not in dataset.needed]
            what = f"lacks the columns {', '.join(lacking)}" if lacking else f"has the columns {', '.join(more)}"
            raise Refused(
                f"{what}, and so is a file of source {other!r}; load it as one, from <folder>/{other}/{name}:"
                f" python -m ingest --source {other} --from <folder>"
            )
