"""What makes a part be built again: a transform that does something else, however it was made."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.engine.shop import ORDERS, AcmeConnector, ApiOrder, CleanOrder
from tidegate.contracts.base import WriteContract
from tidegate.contracts.map import Apply, Coalesce, Constant, Default, Hash, Lookup, Map, Year
from tidegate.contracts.table import Table
from tidegate.engine.fingerprint import fingerprint
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call

SOURCE = """
import functools
from tests.engine.shop import CleanOrder

def to_clean(order):
    return CleanOrder(order_id=order.id, total=RATE * order.total)

class Maker:
    def method(self, order):
        return to_clean(order)

    @classmethod
    def of_class(cls, order):
        return to_clean(order)

    def __call__(self, order):
        return to_clean(order)

method, of_class, called = Maker().method, Maker.of_class, Maker()
cached = functools.cache(to_clean)
partial = functools.partial(to_clean)
made = lambda order: to_clean(order)
"""


def of(transform: Callable[..., Any]) -> str:
    @task(transform=transform, into=ORDERS)
    def orders(acme: AcmeConnector) -> Call[ApiOrder]:
        return acme.get_orders()

    return fingerprint(orders, ApiOrder)


@pytest.mark.parametrize("name", ["to_clean", "method", "of_class", "called", "cached", "partial", "made"])
def test_other_code_is_another_transform(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, found = tmp_path / "rates.py", []
    for rate in (1, 1, 2):
        path.write_text(SOURCE.replace("RATE", str(rate)))
        rates = ModuleType("rates")
        rates.__file__ = str(path)
        monkeypatch.setitem(sys.modules, "rates", rates)
        exec(compile(path.read_text(), str(path), "exec"), vars(rates))
        found.append(of(getattr(rates, name)))
    first, same, second = found
    assert first == same != second


@dataclass(frozen=True, slots=True)
class Rated:
    rate: int

    def __call__(self, order: ApiOrder) -> CleanOrder:
        return self.method(order)

    def method(self, order: ApiOrder) -> CleanOrder:
        return CleanOrder(order_id=order.id, total=self.rate * order.total)


def rated(rate: int, order: ApiOrder) -> CleanOrder:
    return Rated(rate)(order)


@pytest.mark.parametrize(
    "make", [Rated, lambda rate: Rated(rate).method, lambda rate: functools.partial(rated, rate)]
)
def test_what_a_transform_holds_belongs_to_it(make: Callable[[int], Callable[..., Any]]) -> None:
    assert of(make(1)) == of(make(1)) != of(make(2))


def mapped(**fields: Any) -> Map[ApiOrder, CleanOrder]:
    return Map(ApiOrder, CleanOrder, **({"order_id": "id"} | fields))


OTHER_MAPS: list[Callable[[], Callable[..., Any]]] = [
    mapped,
    lambda: mapped(order_id="total"),
    lambda: mapped(total=Constant(1)),
    lambda: mapped(total=Constant(2)),
    lambda: mapped(total=Coalesce("total", "id")),
    lambda: mapped(total=Coalesce("id", "total")),
    lambda: mapped(total=Lookup("id", {1: 2})),
    lambda: mapped(total=Lookup("id", {1: 3})),
    lambda: mapped(total=Lookup("id", {1: 3}, otherwise=0)),
    lambda: mapped(total=Apply(lambda total: total + 1, "total")),
    lambda: mapped(total=Apply(lambda total: total + 2, "total")),
    lambda: mapped(total=Default(Apply(lambda total: total + 1, "total"), 0)),
    lambda: mapped(total=Default(Apply(lambda total: total + 2, "total"), 0)),
    lambda: mapped(total=lambda order: order.total + 1),
    lambda: mapped(total=lambda order: order.total + 2),
    lambda: mapped(total=Year("updated_at")),
    lambda: mapped(total=Year("updated_at", zone="Europe/Paris")),
]


def test_a_map_is_another_one_where_any_field_comes_from_elsewhere() -> None:
    first, again = ([of(make()) for make in OTHER_MAPS] for _ in range(2))
    assert first == again
    assert len(set(first)) == len(OTHER_MAPS)


def test_a_map_that_hashes_is_another_one_with_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hashed(WriteContract):
        id: str

    def of_key(key: str) -> str:
        monkeypatch.setenv("TIDEGATE_HASH_KEY", key * 16)
        made = Map(ApiOrder, Hashed, id=Hash("id"))

        @task(transform=made, into=Table("hashed", Hashed))
        def hashed(acme: AcmeConnector) -> Call[ApiOrder]:
            return acme.get_orders()

        return fingerprint(hashed, ApiOrder)

    assert of_key("a") == of_key("a") != of_key("b")


def paid(order: ApiOrder) -> CleanOrder:
    known = str(order.total) in {"paid", "open", "sent", "lost", "void"}
    return CleanOrder(order_id=order.id, total=int(known))


def test_it_is_the_same_in_every_process() -> None:
    code = "from tests.engine.test_fingerprint import of, paid; print(of(paid))"
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {f"{of(paid)}\n"}
