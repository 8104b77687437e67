"""Numbers, times and text as people read them."""

from __future__ import annotations

import re
from datetime import date, datetime

from ingest.errors import printable

# Signs that a browser acts on and does not show, with what is shown in their place: those of control that are no white
# space, and those that turn the direction of what follows.
_UNSEEN = [*range(9), 0xB, 0xC, *range(0xE, 0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F]
_UNSEEN += [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
SHOWN = {chr(sign): printable(chr(sign)) for sign in _UNSEEN}


def count(value: float) -> str:
    """12,345."""
    return f"{value:,.0f}"


def large(value: float) -> str:
    """61.2 billion; small numbers in full."""
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if abs(value) >= size:
            return f"{value / size:,.1f} {name}"
    return count(value)


def share(value: float) -> str:
    """43%, or 9.5% below ten."""
    return f"{value:.0%}" if value >= 0.1 else f"{value:.1%}"


def day(value: date) -> str:
    """5 December 2021."""
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime) -> str:
    """26 June 2024, 13:26 UTC."""
    return f"{day(value)}, {value:%H:%M} UTC"


def in_json(text: str) -> str:
    r"""JSON whose strings hold only what is shown; it has such signs as \\uXXXX."""

    def shown(found: re.Match[str]) -> str:
        sign = SHOWN.get(chr(int(found[2], 16)))
        return found[1] + sign.replace("\\", "\\\\") if sign else found[0]

    return re.sub(r"(?<!\\)((?:\\\\)*)\\u([0-9a-f]{4})", shown, text)
