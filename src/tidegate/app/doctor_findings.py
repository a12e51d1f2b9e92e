"""What a check of `doctor` has found."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TypeVar

from tidegate.app.text import duration
from tidegate.utils.errors import TidegateError

T = TypeVar("T")

# Assertions that are signed here live for minutes; quotas and windows are told by the clock, too.
_SKEW_S = 30.0


class Verdict(StrEnum):
    OK = "ok"
    UNKNOWN = "unknown"  # it could not be found out, and may be right
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """`todo` says what to do, where something is wrong."""

    check: str
    verdict: Verdict
    told: str
    todo: str | None = None


def ok(check: str, told: str) -> Finding:
    return Finding(check, Verdict.OK, told)


def wrong(check: str, told: str, todo: str | None) -> Finding:
    return Finding(check, Verdict.WRONG, told, todo)


def unknown(check: str, told: str, todo: str | None = None) -> Finding:
    return Finding(check, Verdict.UNKNOWN, told, todo)


def attempt(check: str, function: Callable[[], T]) -> Generator[Finding, None, T | None]:
    """What `function` gives; None where it fails with an error of ours, which is then the finding."""
    try:
        return function()
    except TidegateError as error:
        yield wrong(check, str(error), error.hint)
        return None


def clock(date: str | None, whose: str, now: datetime | None = None) -> Generator[Finding, None, None]:
    """Compare this machine's clock with the `Date` of an answer; nothing where it has none."""
    try:
        told = parsedate_to_datetime(date or "")
    except ValueError:
        return
    ahead_s = ((now or datetime.now(UTC)) - told.replace(tzinfo=told.tzinfo or UTC)).total_seconds()
    if abs(ahead_s) <= _SKEW_S:
        yield ok("clock", f"that of {whose}, give or take {duration(_SKEW_S)}")
        return
    off = f"{duration(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} that of {whose}"
    yield wrong("clock", f"this machine's clock is {off}", "Let it follow a time server (NTP, chrony).")
