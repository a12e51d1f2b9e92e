"""Quota headers, read without ever raising: vendors spell them in every way.

`reset` is told apart by size: below ten years of seconds it is a delay, below a hundred billion an epoch in
seconds, above that one in milliseconds; anything else is tried as an HTTP date and as an ISO one.

The IETF's fields (draft-ietf-httpapi-ratelimit-headers) are read in all their forms: `RateLimit-Remaining`
and `-Reset`, `RateLimit: limit=9, remaining=5, reset=30`, and `RateLimit: "default";r=5;t=30`, where a
missing `t` is the window `w` of `RateLimit-Policy: "default";q=9;w=60`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_TEN_YEARS_S = 315_360_000.0
_EPOCH_MS = 1e11
# What a stranger writes is read only so far.
_LONGEST = 4096
_MOST_COUNTS = 8


@dataclass(frozen=True, slots=True)
class Count:
    """What a vendor says is left of one quota, and in how many seconds that quota is new.

    `limit` is what it then holds; None where that is not said.
    """

    name: str
    remaining: float
    reset_s: float
    limit: float | None = None


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


def asked_delay(status_code: int, headers: Mapping[str, str], prefix: str, now: float) -> float | None:
    """The wait that an answer asks for: `Retry-After`; on 429 else the vendor's reset or the IETF's.

    With any other status a reset says when the quota is new, not when to ask again.
    """
    if status_code != 429:
        return delay(headers.get("retry-after"), now)
    for name in ("retry-after", f"{prefix}-reset", "ratelimit-reset"):
        if (wait := delay(headers.get(name), now)) is not None:
            return wait
    return max((each.reset_s for each in _field_counts(headers, now) if each.remaining < 1), default=None)


def counts(headers: Mapping[str, str], prefix: str, now: float) -> tuple[Count, ...]:
    """Every quota that an answer tells of: in the vendor's headers under `prefix`, and in the IETF's."""
    found = []
    for name in dict.fromkeys((prefix, "ratelimit")):
        remaining = number(headers.get(f"{name}-remaining"))
        reset_s = delay(headers.get(f"{name}-reset"), now)
        if remaining is not None and reset_s is not None:
            limit = number(re.split("[,;]", headers.get(f"{name}-limit", ""), maxsplit=1)[0])
            found.append(Count(name, remaining, reset_s, limit))
    return (*found, *_field_counts(headers, now))[:_MOST_COUNTS]


def _field_counts(headers: Mapping[str, str], now: float) -> list[Count]:
    members = _members(headers.get("ratelimit"))
    if not members:
        return []
    policies = dict(_members(headers.get("ratelimit-policy")))
    windows = {
        name: window for name, values in policies.items() if (window := number(values.get("w"))) is not None
    }
    longest = max(windows.values(), default=None)
    flat = {name: values[""] for name, values in members if "" in values}
    if "remaining" in flat:  # one quota, its values side by side
        members = [("", {"r": flat["remaining"], "t": flat.get("reset", "")})]
        policies[""] = {"q": flat.get("limit", "")}
    found = []
    for name, values in members:
        remaining, reset_s = number(values.get("r")), delay(values.get("t"), now)
        if reset_s is None:
            reset_s = windows.get(name, longest)
        if remaining is not None and reset_s is not None:
            limit = number(policies.get(name, {}).get("q"))
            found.append(Count(f'ratelimit "{name}"{values.get("pk", "")}', remaining, reset_s, limit))
    return found


_MEMBER = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_PART = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*"?)+')


def _members(text: str | None) -> list[tuple[str, dict[str, str]]]:
    """`a;x=1, b=2;y=3` as [("a", {"x": "1"}), ("b", {"": "2", "y": "3"})]; keys in lower case, unquoted."""
    found = []
    for member in _MEMBER.findall((text or "")[:_LONGEST]):
        parts = [part.partition("=") for part in _PART.findall(member)]
        values = {key.strip().lower(): value.strip() for key, _, value in parts[1:]}
        if parts and parts[0][1]:
            values[""] = parts[0][2].strip()
        if parts:
            found.append((parts[0][0].strip().strip('"').lower(), values))
    return found
