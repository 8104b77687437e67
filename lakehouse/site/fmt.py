"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import date, datetime


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
