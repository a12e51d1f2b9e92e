"""Events as log records of `tidegate.http`, their fields in `extra`. Configuring logging is the user's.

DEBUG: `Sent`, `Answered`, `Failed`, waits under a second. INFO: longer waits, `Retrying`, `Redirected`,
`TokenRefreshed`, breakers that close or probe. WARNING: breakers that open, listeners that raise. A request
that fails for good is raised, not logged: who catches it knows what it means.

Every record has `event`, the name of the event's class in snake case, and the event's own fields.
"""

from __future__ import annotations

import logging
import re
from dataclasses import fields
from functools import cache
from typing import Any

from tidegate.http_tools.events import (
    Answered,
    BreakerChanged,
    Event,
    Failed,
    Redirected,
    Retrying,
    Sent,
    TokenRefreshed,
    Waiting,
)

logger = logging.getLogger("tidegate.http")


def log_event(event: Event) -> None:
    """One record, where its level is wanted."""
    level = _level(event)
    if logger.isEnabledFor(level):
        logger.log(level, "%s", _sentence(event), extra=_fields(event))


def _level(event: Event) -> int:
    match event:
        case Sent() | Answered() | Failed():
            return logging.DEBUG
        case Waiting(seconds=seconds):
            return logging.INFO if seconds >= 1 else logging.DEBUG
        case BreakerChanged(after="open"):
            return logging.WARNING
        case _:
            return logging.INFO


def _fields(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {"event": _snake_case(type(event).__name__)}
    for each in fields(event):
        value = getattr(event, each.name)
        if isinstance(value, Sent):
            found |= {"method": value.method, "url": value.url, "resend": value.resend}
        elif value is not None:
            found[each.name] = value
    return found


@cache
def _snake_case(name: str) -> str:
    return re.sub(r"(?<=.)([A-Z])", r"_\1", name).lower()


def _sentence(event: Event) -> str:
    text: str
    match event:
        case Sent():
            text = f"{event.endpoint}: sent" + (f" (resend {event.resend})" if event.resend else "")
        case Answered():
            text = f"{event.endpoint}: {event.status_code}, {event.size} bytes in {event.duration_s:.3f} s"
        case Failed():
            text = f"{event.endpoint}: {event.failure} after {event.duration_s:.3f} s"
        case Waiting():
            text = f"{event.endpoint}: waiting {event.seconds:.1f} s for quota"
        case Retrying():
            failed = f"attempt {event.attempt} failed ({event.failure})"
            text = f"{event.endpoint}: {failed}; the next in {event.delay_s:.1f} s"
        case Redirected():
            text = f"{event.endpoint}: {event.status_code} to {event.target}"
        case TokenRefreshed():
            lifetime = "" if event.lifetime_s is None else f", good for {event.lifetime_s:.0f} s"
            text = f"new token from {event.token_url} ({event.reason}){lifetime}"
        case BreakerChanged():
            what = f"breaker of {event.breaker}" if event.breaker else "breaker"
            text = f"{what}: {event.before} to {event.after} after {event.failures} failures"
    return text
