"""The query string, checked as strictly as a vendor might: an unknown name is refused, not ignored.

A typo of ours would otherwise read as "no filter" and load too much in silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from urllib.parse import parse_qsl

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)


class RefusedError(Exception):
    """The request is wrong. Becomes an answer with SendGrid's list of errors."""

    def __init__(self, message: str, field: str | None = None, *, status: int = 400) -> None:
        super().__init__(message)
        self.status, self.field, self.message = status, field, message


class Query:
    """The parameters of one request. Every reader returns None for a parameter that was not sent."""

    def __init__(self, raw: str, allowed: Collection[str], repeatable: Collection[str] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            if name not in allowed:
                raise RefusedError(f"{name} is not a known parameter", name)
            if name in self._values and name not in repeatable:
                raise RefusedError(f"{name} is given twice", name)
            self._values.setdefault(name, []).append(value)

    def text(self, name: str, choices: Collection[str] = ()) -> str | None:
        """One of the choices, or, without choices, any text but none at all."""
        if name not in self._values:
            return None
        value = self._values[name][0]
        if not value or (choices and value not in choices):
            raise RefusedError(f"{name} has a wrong value", name)
        return value

    def texts(self, name: str) -> list[str]:
        """Every value of a parameter that may be repeated."""
        return self._values.get(name, [])

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise RefusedError(f"{name} is required", name)
        return value

    def integer(self, name: str, least: int, most: int) -> int | None:
        """A whole number between the two, both included."""
        value = self.text(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value) or not least <= int(value) <= most:
            raise RefusedError(f"{name} must be a whole number from {least} to {most}", name)
        return int(value)

    def day(self, name: str) -> date | None:
        """A day as YYYY-MM-DD and nothing else."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return date.fromisoformat(value if _DAY.fullmatch(value) else "")
        except ValueError:
            raise RefusedError(f"{name} must be a day as YYYY-MM-DD", name) from None

    def span(self) -> tuple[date, date | None]:
        """`start_date`, which is required, and `end_date`."""
        first, last = self.day("start_date"), self.day("end_date")
        if first is None:
            raise RefusedError("start_date is required", "start_date")
        if last is not None and last < first:
            raise RefusedError("end_date is before start_date", "end_date")
        return first, last
