"""The account's time. Brevo's day filters go by the account's zone, not by UTC (a guess, see APIS.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE_NAME = "Europe/Paris"
ZONE = ZoneInfo(ZONE_NAME)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AccountClock:
    """Starts at `start` and runs on with the monotonic clock, so that it never goes backwards.

    A fixed start with a running clock: data is made for `start`, and what churn changes later is later.
    """

    def __init__(self, start: datetime, monotonic: Callable[[], float]) -> None:
        if start.tzinfo is None:
            raise ValueError("now must be an aware datetime")
        self.start_ms = to_us(start) // 1000
        self._monotonic = monotonic
        self._began = monotonic()

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return self.start_ms + int((self._monotonic() - self._began) * 1000)

    def today(self) -> date:
        """The day it is in the account's zone."""
        return local_day(self.now_ms())


def to_us(moment: datetime) -> int:
    """Microseconds since 1970, exact: going through a float would lose the last one."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def parse_us(text: str) -> int:
    """Microseconds since 1970 of an ISO date-time with an offset, as this module writes them."""
    return to_us(datetime.fromisoformat(text))


def local_day(ms: int) -> date:
    """The account-local day of an instant."""
    return _at(ms).astimezone(ZONE).date()


def midnight_ms(day: date) -> int:
    """The instant at which an account-local day begins; days of 23 and 25 hours come out right."""
    return to_us(datetime(day.year, day.month, day.day, tzinfo=ZONE)) // 1000


def iso_seconds(ms: int) -> str:
    """As `2017-05-01T12:30:00Z`."""
    return _at(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_utc(ms: int) -> str:
    """As `2017-05-01T12:30:00.123Z`."""
    return _at(ms).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def iso_local(ms: int) -> str:
    """As `2017-05-01T14:30:00.123+02:00`, in the account's zone."""
    return _at(ms).astimezone(ZONE).isoformat(timespec="milliseconds")


def _at(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
