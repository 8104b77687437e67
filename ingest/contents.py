"""What a lake holds: real data or the made-up sample, and never both."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from ingest.errors import ConfigurationError

MARKER = ".made-up"  # the file that `python -m lakehouse sample` leaves in every folder that it writes
FIRST_RELEASE = datetime(2024, 1, 1, 6, tzinfo=UTC)  # of the sample; the others follow week by week


class Contents(StrEnum):
    REAL = "real data"
    MADE_UP = "made-up data (the sample)"


def is_made_up(folder: Path) -> bool:
    """Whether the files in a folder were written by `python -m lakehouse sample`."""
    return (folder / MARKER).is_file()


def is_release(at: datetime) -> bool:
    """Whether a file of the sample may have this time: a Monday at 06:00 UTC, to the millisecond."""
    return at >= FIRST_RELEASE and (at - FIRST_RELEASE) % timedelta(weeks=1) < timedelta(milliseconds=1)


def check(lake: str, held: Contents | None, wanted: Collection[Contents], names: Collection[str]) -> None:
    """Raises ConfigurationError where what the sources ``names`` have does not belong into the lake."""
    if len(set(wanted)) > 1:
        raise ConfigurationError(
            f"the sources {', '.join(names)} are partly {Contents.REAL} and partly {Contents.MADE_UP}, "
            "and one lake never holds both: load one of them with --source"
        )
    for other in set(wanted) - {held or next(iter(wanted))}:
        raise ConfigurationError(
            f"the lake {lake} holds {held}, and {', '.join(names)} would bring {other}; nothing was loaded: "
            "remove the lake first (make clean), or set LAKEHOUSE_ROOT to another place"
        )
