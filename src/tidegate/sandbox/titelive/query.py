"""The query string, checked: an unknown name is refused, so that no typo of ours reads as "no filter"."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from urllib.parse import parse_qsl

_DAY = re.compile(r"\d\d/\d\d/\d{4}", re.ASCII)
_COUNT = re.compile(r"[1-9]\d{0,8}", re.ASCII)


class RefusedError(Exception):
    """The request is wrong. Becomes an answer with the vendor's error body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Query:
    """The parameters of one request, each at most once."""

    def __init__(self, raw: str, allowed: Collection[str]) -> None:
        self._values: dict[str, str] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            if name not in allowed or name in self._values:
                raise RefusedError(400, f"parameter {name} is unknown here, or given twice")
            self._values[name] = value

    def text(self, name: str, choices: Collection[str] = (), default: str | None = None) -> str:
        """A value, one of the choices where there are any."""
        value = self._values.get(name, default)
        if value is None or (choices and value not in choices):
            raise RefusedError(400, f"parameter {name} is missing, or none of {', '.join(choices)}")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self._values.get(name, str(default))
        if not _COUNT.fullmatch(value) or int(value) > most:
            raise RefusedError(400, f"parameter {name} is a number from 1 to {most}")
        return int(value)

    def day(self, name: str, default: date) -> date:
        """A day as DD/MM/YYYY and nothing else."""
        value = self._values.get(name)
        if value is None:
            return default
        try:
            return datetime.strptime(value if _DAY.fullmatch(value) else "", "%d/%m/%Y").date()  # noqa: DTZ007 - a day
        except ValueError:
            raise RefusedError(400, f"parameter {name} is a day as DD/MM/YYYY") from None
