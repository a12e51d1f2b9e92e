"""Values as a person reads them in a terminal or a log."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any


def printable(text: str) -> str:
    """On one line, and without the control characters with which a vendor's data could steer a terminal."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def cell(value: Any, limit: int) -> str:
    """A value in at most `limit` characters; instants in UTC."""
    if value is None:
        return ""
    text = printable(moment(value) if isinstance(value, datetime) else str(value))
    return text if len(text) <= limit else text[: limit - 3] + "..."


def moment(value: datetime) -> str:
    """`2026-01-31 09:30:00Z`, with as many digits of the second as it has; a naive one as it stands."""
    aware = value.utcoffset() is not None
    text = (value.astimezone(UTC) if aware else value).replace(tzinfo=None).isoformat(" ")
    return text + "Z" * aware


def duration(seconds: float) -> str:
    """`1.5 s`, `12 min 05 s` or `3 h 20 min`."""
    if seconds < 99.95:
        return f"{max(seconds, 0.0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def columns_wide(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _escaped(char: str) -> str:
    return " " if char.isspace() else char.encode("unicode_escape").decode("ascii")
