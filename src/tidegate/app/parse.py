"""What a person types as an option, to values. Every error is a `UsageError` that says what would do."""

from __future__ import annotations

import re
from datetime import date

from tidegate.utils.errors import UsageError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def day(option: str, text: str | None) -> date | None:
    """`2026-01-31` to a date."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a day", hint="Write it as 2026-01-31.") from error


def seconds(option: str, text: str | None) -> float | None:
    """`90s`, `15m`, `2h` or `1d` to seconds; a bare number is seconds."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip().lower())
    if match is None:
        raise UsageError(f"{option} {text!r} is not a length of time", hint="Write it as 90s, 15m or 2h.")
    return float(match[1]) * _UNITS[match[2] or "s"]
