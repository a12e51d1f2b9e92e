"""Which format a value has, checked to the letter: what is told here is what a contract will demand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

from tidegate.engine.drift import kinds

PLAIN, REFERENCE = "", "uri-reference"
_EXACT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)?"
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LINK = re.compile(r"[/?][!-~]+")
_ON = re.compile(r"(?i)^(next|prev|previous|first|last)|(next|link|url|uri|href)$")
_URL = re.compile(r"https?://[!-~]+")
# Names under which an integer that could be an instant is meant as one: 1500000000 alone is any number.
_OF_TIME = re.compile(r"(?i)(^ts|^at|_ts|_at|_on|date|time|timestamp|epoch|created|updated|modified)$")
_AT = re.compile(r"[a-z](At|On)$")


def text_format(text: str) -> str:
    """As JSON schema names it: `date`, `date-time`, `date-time-local` (no offset), `uuid`, `email`, `uri`.

    `REFERENCE` for a link without a host, which any text may look like. `PLAIN` for any other text, and for
    numbers in text, which stay text.
    """
    check = _CHECKS.get(kinds.text_kind(text))
    if check:
        return check(text)
    return REFERENCE if _LINK.fullmatch(text) else PLAIN


def epoch_format(value: int) -> str:
    """`unix-time` or `unix-time-ms` for an integer of the years 2001 to 2065, whatever it may mean."""
    return _EPOCHS.get(kinds.kind_of(value), PLAIN)


def names_time(name: str) -> bool:
    """Whether a field of this name holds an instant rather than an id or an amount."""
    return bool(_OF_TIME.search(name) or _AT.search(name))


def names_link(name: str) -> bool:
    """Whether a field of this name holds the way on, if it holds a link."""
    return bool(_ON.search(name))


def is_data(name: str) -> bool:
    """Whether a key of an object is a value rather than the name of a field: a day, an id, an address."""
    if re.fullmatch(r"\d{4,}", name):
        return True
    return kinds.text_kind(name) in {
        kinds.DATE,
        kinds.INSTANT,
        kinds.LOCAL,
        kinds.UUID,
        kinds.EMAIL,
        kinds.URL,
    }


def _date(text: str) -> str:
    return "date" if _real(text) else PLAIN


def _instant(text: str) -> str:
    found = _EXACT.fullmatch(text)
    if found is None or not _real(text[:10]):
        return PLAIN
    return "date-time" if found[4] else "date-time-local"


def _uuid(text: str) -> str:
    return "uuid" if str(UUID(text)) == text.lower() else PLAIN


def _real(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


_CHECKS: Mapping[str, Callable[[str], str]] = {
    kinds.DATE: _date,
    kinds.INSTANT: _instant,
    kinds.LOCAL: _instant,
    kinds.UUID: _uuid,
    kinds.EMAIL: lambda text: "email" if _EMAIL.fullmatch(text) else PLAIN,
    kinds.URL: lambda text: "uri" if _URL.fullmatch(text) else PLAIN,
}
_EPOCHS = {kinds.EPOCH_S: "unix-time", kinds.EPOCH_MS: "unix-time-ms"}
