"""The query string, checked as strictly as a vendor might: an unknown name is refused, not ignored.

A typo of ours would otherwise read as "no filter" and load too much in silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import orjson

from tidegate.sandbox.brevo import clock

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)


class RefusedError(Exception):
    """The request is wrong. Becomes an answer with Brevo's error body."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(message: str) -> RefusedError:
    """400 `invalid_parameter`."""
    return RefusedError("invalid_parameter", message)


class Query:
    """The parameters of one request. Every reader returns None for a parameter that was not sent."""

    def __init__(self, raw: str, allowed: Collection[str], repeatable: Collection[str] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            if name not in allowed:
                raise invalid(f"Parameter {name} is not allowed here")
            if name in self._values and name not in repeatable:
                raise invalid(f"Parameter {name} is given twice")
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, choices: Collection[str] = ()) -> str | None:
        """One of the choices, or, without choices, any text but none at all."""
        if name not in self._values:
            return None
        value = self._values[name][0]
        if not value or (choices and value not in choices):
            raise invalid(f"Invalid value for {name}")
        return value

    def integer(self, name: str) -> int | None:
        """A whole number."""
        value = self.text(name)
        return None if value is None else _integer(name, value)

    def integers(self, name: str) -> list[int] | None:
        """Whole numbers, as `name=1&name=2` or `name=1,2`."""
        if name not in self._values:
            return None
        return [_integer(name, part) for value in self._values[name] for part in value.split(",")]

    def flag(self, name: str) -> bool | None:
        """`true` or `false`."""
        value = self.text(name, ("true", "false"))
        return None if value is None else value == "true"

    def texts(self, name: str) -> list[str] | None:
        """A JSON array of strings: Brevo's "serialized and urlencoded array"."""
        value = self.text(name)
        if value is None:
            return None
        try:
            items = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise invalid(f"{name} must be a serialized array") from None
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise invalid(f"{name} must be a serialized array of strings")
        return items

    def day(self, name: str) -> date | None:
        """A day as YYYY-MM-DD and nothing else."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return date.fromisoformat(value if _DAY.fullmatch(value) else "")
        except ValueError:
            raise invalid(f"{name} must be a day as YYYY-MM-DD") from None

    def instant_us(self, name: str) -> int | None:
        """An ISO date-time in microseconds since 1970; without a zone it is UTC.

        A "+" that was not escaped arrives as a space and is refused.
        """
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value if _DATE_TIME.fullmatch(value) else "")
        except ValueError:
            raise invalid(f"{name} must be a date-time as YYYY-MM-DDTHH:mm:ss.SSSZ") from None
        return clock.to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC))

    def paging(self, default: int, maximum: int) -> tuple[int, int, bool]:
        """Limit, offset, and whether the newest comes first, which is so unless `sort=asc`."""
        limit, offset = self.integer("limit"), self.integer("offset")
        limit, offset = default if limit is None else limit, offset or 0
        if not 0 <= limit <= maximum:
            raise RefusedError("out_of_range", f"limit must be between 0 and {maximum}")
        if offset < 0:
            raise RefusedError("out_of_range", "offset must not be negative")
        return limit, offset, self.text("sort", ("asc", "desc")) != "asc"

    def both_or_neither(self, first: str, second: str) -> None:
        """Refuse one of a pair without the other."""
        for name, other in ((first, second), (second, first)):
            if name in self and other not in self:
                raise RefusedError("missing_parameter", f"{other} is mandatory if {name} is used")


def _integer(name: str, value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise invalid(f"{name} must be an integer")
    return int(value)
