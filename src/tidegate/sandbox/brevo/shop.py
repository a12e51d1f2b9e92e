"""Orders, products and categories as Brevo's shop sends them, with the oddities of its examples."""

from __future__ import annotations

import random

from tidegate.sandbox import draws
from tidegate.sandbox.brevo import clock
from tidegate.sandbox.brevo.table import Row, encode
from tidegate.sandbox.people import People
from tidegate.sandbox.words import words

CATEGORIES = 12
_HISTORY_MS = 365 * clock.DAY_MS
_STATES = ("pending", "paid", "shipped", "complete", "cancelled")


def make_categories(seed: int, start_ms: int) -> list[Row]:
    rng = draws.stream(seed, "categories")
    return [_category(rng, *when, start_ms) for when in _moments(rng, CATEGORIES, start_ms)]


def make_products(seed: int, count: int, start_ms: int) -> list[Row]:
    """`count` products of the year before `start_ms`, the oldest first."""
    rng = draws.stream(seed, "products")
    return [_product(rng, *when, start_ms) for when in _moments(rng, count, start_ms)]


def make_orders(seed: int, people: People, count: int, start_ms: int) -> list[Row]:
    """As the products."""
    rng = draws.stream(seed, "orders")
    return [make_order(rng, people, *when, start_ms) for when in _moments(rng, count, start_ms)]


def make_order(rng: random.Random, people: People, number: int, created_ms: int, now_ms: int) -> Row:
    changed_ms = rng.randrange(created_ms, now_ms + 1)
    lines = [_line(rng) for _ in range(rng.randrange(1, 4))]
    record: dict[str, object] = {
        "id": f"order{number}",
        "status": rng.choice(_STATES),
        "amount": round(sum(cost for _, cost in lines), 4),
        "products": [line for line, _ in lines],
        "createdAt": clock.iso_utc(created_ms),
        "updatedAt": clock.iso_utc(changed_ms),
    }
    if rng.random() < 0.8:
        record |= {"contact_id": number, "email": people.email(number)}
    if rng.random() < 0.4:
        record |= {
            "coupons": rng.sample(["flat50", "NOËL", "EASTER15OFF"], rng.randrange(3)),
            "storeId": "123",
        }
    if rng.random() < 0.7:
        record["billing"] = _billing(rng)
    if rng.random() < 0.2:
        record |= {"identifiers": {"ext_id": f"ab{number}"}, "metaInfo": {"gift": True}}
    return Row(number, created_ms, changed_ms, encode(record))


def edit_order(rng: random.Random, row: Row, now_ms: int) -> None:
    """It goes on to another state."""
    _edit(row, now_ms, "updatedAt", {"status": rng.choice(_STATES)})


def edit_product(rng: random.Random, row: Row, now_ms: int) -> None:
    """Another price, and now and then the end of it."""
    _edit(row, now_ms, "modifiedAt", {"price": _price(rng), "isDeleted": rng.random() < 0.1})


def _edit(row: Row, now_ms: int, stamp: str, news: dict[str, object]) -> None:
    record = row.record()
    row.modified_ms = max(row.modified_ms, now_ms)
    row.body = encode({**record, **news, stamp: clock.iso_utc(row.modified_ms)})


def _category(rng: random.Random, number: int, created_ms: int, now_ms: int) -> Row:
    changed_ms = rng.randrange(created_ms, now_ms + 1)
    record = {
        "id": f"C{number}",
        "name": rng.choice(words().tags),
        "createdAt": clock.iso_utc(created_ms),
        "modifiedAt": clock.iso_utc(changed_ms),
        "isDeleted": rng.random() < 0.2,
    }
    if rng.random() < 0.8:
        record["url"] = rng.choice(words().links)
    return Row(number, created_ms, changed_ms, encode(record))


def _product(rng: random.Random, number: int, created_ms: int, now_ms: int) -> Row:
    changed_ms = rng.randrange(created_ms, now_ms + 1)
    record: dict[str, object] = {
        # declared a string, a number in the examples
        "id": rng.choice((f"P{number}", 7_498_033_260_000 + number)),
        "name": f"{rng.choice(words().subjects)} {number}",
        "createdAt": clock.iso_utc(created_ms),
        "modifiedAt": clock.iso_utc(changed_ms),
        **dict.fromkeys(("s3ThumbAnalytics", "s3ThumbEditor"), "https://img.example/thumb.jpg"),
    }
    if rng.random() < 0.9:
        record |= {"price": _price(rng), "stock": rng.randrange(500), "sku": f"186622-{number}"}
    if rng.random() < 0.6:
        record["categories"] = [f"C{each}" for each in rng.sample(range(1, CATEGORIES + 1), 2)]
    if rng.random() < 0.5:
        record |= {"url": rng.choice(words().links), "isDeleted": rng.random() < 0.1}
    if rng.random() < 0.4:
        record |= {"metaInfo": {"brand": "Écluse", "pages": rng.randrange(900)}, "parentId": "P1"}
    return Row(number, created_ms, changed_ms, encode(record))


def _billing(rng: random.Random) -> dict[str, object]:
    whole = {
        "address": "1 quai du Châtelet",
        "city": rng.choice(words().cities),
        "country": "France",
        "countryCode": "FR",
        "paymentMethod": rng.choice(("PayPal", "carte")),
        "phone": 33_100_000_000,
        "postCode": rng.choice((45_000, "01000")),
        "region": "Centre",
    }
    return {key: value for key, value in whole.items() if rng.random() < 0.9}


def _line(rng: random.Random) -> tuple[dict[str, object], float]:
    """A product of an order, and what it costs."""
    number, quantity, price = rng.randrange(1, 200), rng.choice((1, 2, 3, 0.5)), _price(rng)
    line: dict[str, object] = {
        "productId": rng.choice((number, f"P{number}")),
        "quantity": quantity,
        "price": price,
    }
    if rng.random() < 0.5:
        line["variantId"] = f"P{number}-a"
    return line, quantity * price


def _price(rng: random.Random) -> float:
    return rng.choice((rng.randrange(1, 200), round(rng.random() * 100, 2)))


def _moments(rng: random.Random, count: int, start_ms: int) -> list[tuple[int, int]]:
    step = _HISTORY_MS // count
    begin = start_ms - _HISTORY_MS
    return [(number, begin + (number - 1) * step + rng.randrange(step)) for number in range(1, count + 1)]
