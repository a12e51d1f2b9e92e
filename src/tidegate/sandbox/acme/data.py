"""Orders and customers of Acme: the same ones each time, of a year that is over."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_BEGIN = datetime(2025, 1, 1, 8, tzinfo=UTC)
_YEAR = timedelta(days=360)
_STATUSES = ("paid", "shipped", "refunded", "cancelled")
_FIRST = ("Ada", "Bo", "Chloe", "Dana", "Eli", "Fatou", "Gita", "Hugo")
_LAST = ("Adler", "Brandt", "Costa", "Diallo", "Eriksen", "Fontaine")
_ORDERS_A_CUSTOMER = 6


@dataclass(frozen=True, slots=True)
class Data:
    """Both lists are as the API sends them, by id."""

    orders: list[dict[str, Any]]
    customers: list[dict[str, Any]]


def made(rows: int, seed: int) -> Data:
    draw = random.Random(seed)  # noqa: S311 - sample data
    customers = [_customer(number, draw) for number in range(1, 2 + rows // _ORDERS_A_CUSTOMER)]
    apart = _YEAR / max(rows, 1)
    orders = [_order(number, _BEGIN + number * apart, draw, customers) for number in range(1, rows + 1)]
    return Data(orders, customers)


def _customer(number: int, draw: random.Random) -> dict[str, Any]:
    first, last = draw.choice(_FIRST), draw.choice(_LAST)
    return {
        "id": f"cus_{number:05}",
        "email": f"{first}.{last}.{number}@example.com".lower(),
        "name": f"{first} {last}",
        "createdAt": _wire(_BEGIN - timedelta(hours=number)),
    }


def _order(
    number: int, created: datetime, draw: random.Random, customers: list[dict[str, Any]]
) -> dict[str, Any]:
    customer = draw.choice(customers)
    status = draw.choices(_STATUSES, (50, 40, 6, 4))[0]
    return {
        "id": number,
        "number": f"A-{number:06}",
        "status": status,
        "currency": "EUR",
        "total": f"{draw.randint(500, 30_000) / 100:.2f}",
        "customer": {"id": customer["id"], "email": customer["email"]},
        "note": "gift" if draw.random() < 0.05 else None,
        "createdAt": _wire(created),
        "updatedAt": _wire(created + timedelta(minutes=draw.randint(0, 3 * 24 * 60))),
    }


def _wire(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
