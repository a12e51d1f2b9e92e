"""Dates that Brevo would refuse, found out before anything is sent. Each raises `ValueError`."""

from __future__ import annotations

from datetime import UTC, date, datetime

MAX_CAMPAIGN_YEARS = 2


def check_aware(*moments: datetime | None) -> None:
    for moment in moments:
        if moment is not None and moment.utcoffset() is None:
            raise ValueError(f"{moment} says no time zone: give an aware datetime")


def check_sending_times(
    start: datetime | None, end: datetime | None, status: str | None, what: str = "campaigns"
) -> None:
    check_aware(start, end)
    if start is None and end is None:
        return
    if start is None or end is None:
        raise ValueError(f"{what}: give both start and end or neither, not {start} and {end}")
    if status not in {None, "sent"}:
        raise ValueError(f"{what}: start and end go with status 'sent' or none, not {status!r}")
    if end < start:
        raise ValueError(f"{what}: end ({end}) is before start ({start})")
    if _years_before(end, MAX_CAMPAIGN_YEARS) > _years_before(start, 0):
        raise ValueError(f"{what}: at most {MAX_CAMPAIGN_YEARS} years at once, not {start} to {end}")


def _years_before(moment: datetime, years: int) -> tuple[int, ...]:
    """A tuple and not a datetime, so that 29 February has a place in every year."""
    utc = moment.astimezone(UTC)
    return (utc.year - years, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond)


def check_days(first_day: date | None, last_day: date | None, what: str, most: int | None = None) -> None:
    if isinstance(first_day, datetime) or isinstance(last_day, datetime):
        raise TypeError(f"{what}: whole days are asked for, give dates and not {first_day} and {last_day}")
    if first_day is None and last_day is None:
        return
    if first_day is None or last_day is None:
        raise ValueError(
            f"{what}: give both first_day and last_day or neither, not {first_day} and {last_day}"
        )
    if last_day < first_day:
        raise ValueError(f"{what}: last_day ({last_day}) is before first_day ({first_day})")
    days = (last_day - first_day).days + 1
    if most is not None and days > most:
        raise ValueError(f"{what}: at most {most} days at once, not {days} ({first_day} to {last_day})")
