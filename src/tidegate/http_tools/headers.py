"""Quota headers, read without ever raising: vendors spell them in every way.

`reset` is told apart by size: below ten years of seconds it is a delay, below a hundred billion an epoch in
seconds, above that one in milliseconds; anything else is tried as an HTTP date and as an ISO one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_TEN_YEARS_S = 315_360_000.0
_EPOCH_MS = 1e11


def number(text: str | None) -> float | None:
    """A finite number that is not negative, or None."""
    if text is None:
        return None
    try:
        value = float(text.strip())
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def delay(text: str | None, now: float) -> float | None:
    """Seconds from `now` (epoch seconds) that a Retry-After or reset header asks for; None if unreadable.

    Of a header that came twice (`5, 60`) the longest wait counts.
    """
    if text is None:
        return None
    values = [number(part) for part in text.split(",")]
    if None in values:
        return _date_delay(text, now)
    value = max(value for value in values if value is not None)
    if value < _TEN_YEARS_S:
        return value
    epoch = value / 1000 if value >= _EPOCH_MS else value
    return max(0.0, epoch - now)


def _date_delay(text: str, now: float) -> float | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
            utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            return max(0.0, utc.timestamp() - now)
        except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
            continue
    return None


def asked_delay(headers: Mapping[str, str], prefix: str, now: float) -> float | None:
    """The wait that an answer over quota asks for: `Retry-After`, else `{prefix}-reset`."""
    wait = delay(headers.get("retry-after"), now)
    return delay(headers.get(f"{prefix}-reset"), now) if wait is None else wait
