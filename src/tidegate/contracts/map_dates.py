"""Sources of a `Map` that take a date or an instant apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from tidegate.contracts.map_types import Told
from tidegate.contracts.map_values import OfOne


@dataclass(frozen=True, repr=False)
class OfInstant(OfOne):
    """Of an instant in `zone`; of a date, and of a datetime without an offset, as it stands."""

    gives: ClassVar[type] = date

    zone: str = field(default="UTC", kw_only=True)

    @cached_property
    def _zone(self) -> tzinfo:
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)

    def local(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value if value.tzinfo is None else value.astimezone(self._zone)
        if isinstance(value, date):
            return value
        raise TypeError("not a date or an instant")

    def day(self, value: Any) -> date:
        local: date = self.local(value)
        return local.date() if isinstance(local, datetime) else local

    def told(self, inputs: Sequence[Told]) -> Told:
        if not inputs[0].may_be(date):
            raise TypeError(
                f"{self!r} takes a date or an instant, not {inputs[0]}; write Cast(..., datetime) inside"
            )
        return Told((self.gives,), inputs[0].nullable)


@dataclass(frozen=True, repr=False)
class Day(OfInstant):
    """The date."""

    def make(self, value: Any) -> date:
        if type(value) is datetime and value.tzinfo is not None:  # the usual case, spared two calls
            return value.astimezone(self._zone).date()
        return self.day(value)


@dataclass(frozen=True, repr=False)
class Week(OfInstant):
    """The Monday of the week, as a date."""

    def make(self, value: Any) -> date:
        day = self.day(value)
        return day - timedelta(days=day.weekday())


@dataclass(frozen=True, repr=False)
class Month(OfInstant):
    """The first day of the month, as a date."""

    def make(self, value: Any) -> date:
        return self.day(value).replace(day=1)


@dataclass(frozen=True, repr=False)
class Quarter(OfInstant):
    """The first day of the quarter, as a date."""

    def make(self, value: Any) -> date:
        day = self.day(value)
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


@dataclass(frozen=True, repr=False)
class Year(OfInstant):
    """The year, an int."""

    gives = int

    def make(self, value: Any) -> int:
        return self.day(value).year


@dataclass(frozen=True, repr=False)
class Hour(OfInstant):
    """The hour of the day, 0 to 23."""

    gives = int

    def make(self, value: Any) -> int:
        hour: int = self.local(value).hour
        return hour
