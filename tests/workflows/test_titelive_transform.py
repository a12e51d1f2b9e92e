from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tidegate.connectors.titelive.routes import _rows_of
from tidegate.connectors.titelive.schemas import ApiProduct
from tidegate.contracts.windows import Windows
from tidegate.engine.context import Context
from tidegate.workflows.titelive.config import CHANGES, PRODUCTS
from tidegate.workflows.titelive.schemas import CleanProduct
from tidegate.workflows.titelive.tasks import changes
from tidegate.workflows.titelive.transform import to_clean_change, to_clean_product

SAMPLE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "titelive_sample.json").read_text())
EAN = "9782370730541"
DAY = date(2024, 2, 23)


def product(**changes: Any) -> ApiProduct:
    (row,) = _rows_of(deepcopy(SAMPLE["result"]))
    row["article"] |= changes
    return ApiProduct.model_validate(row)


def context(day: date) -> Context:
    return Context(datetime(2026, 1, 1, tzinfo=UTC), Windows(zone="Europe/Paris").window(day))


def test_the_known_response_is_carried_whole() -> None:
    article = SAMPLE["result"][0]["article"]["1"]
    assert to_clean_product(product()) == CleanProduct(
        ean=EAN,
        is_deleted=False,
        work_id=2842547,
        title="T",
        authors=["A"],
        author_line="A",
        publisher="ALLARY",
        price=Decimal("22.90"),
        currency="EUR",
        tax_rate=Decimal("5.50"),
        published_on=date(2015, 6, 11),
        availability=1,
        page_count=160,
        weight=540,
        has_image=True,
        is_schoolbook=False,
        gtl_codes=["03000000"],
        gtl_labels=["BD"],
        modified_on=DAY,
        article=article,
        work={"id": 2842547, "titre": "T", "auteurs": "A", "auteurs_multi": ["A"]},
    )


def test_a_deleted_book_has_its_ean_and_nothing_else() -> None:
    row = {"ean": EAN, "deleted": True, "oeuvre": None, "article": None}
    clean = to_clean_product(ApiProduct.model_validate(row))
    told = {name: value for name, value in clean.model_dump().items() if value not in (None, [])}
    assert told == {"ean": EAN, "is_deleted": True}


@pytest.mark.parametrize(
    ("sign", "code"), [("&euro;", "EUR"), ("EUR", "EUR"), (" CHF ", "CHF"), ("&pound;", "GBP"), ("F", "F")]
)
def test_a_sign_of_money_becomes_its_code(sign: str, code: str) -> None:
    clean = to_clean_product(product(prixpays={"fr": {"value": 1, "devise": sign}}))
    assert clean.currency == code


def test_without_a_price_in_france_there_is_no_currency() -> None:
    assert to_clean_product(product(prixpays={"ch": {"value": 31, "devise": "CHF"}})).currency is None
    assert to_clean_product(product(prixpays=[])).currency is None


@pytest.mark.parametrize("ago", [-1, 0, 1])
def test_a_change_belongs_to_the_day_of_its_article(ago: int) -> None:
    clean = to_clean_change(product(), context(DAY - timedelta(days=ago)))
    assert (clean is None) == (ago != 0)


def test_a_change_without_a_day_is_kept() -> None:
    assert to_clean_change(product(datemodification=""), context(DAY)) is not None


@pytest.mark.parametrize("table", [PRODUCTS, CHANGES], ids=lambda table: table.name)
def test_every_column_is_described(table: Any) -> None:
    assert all(column.description for column in table.columns)


def test_days_begin_at_midnight_in_paris_and_the_last_three_are_asked_for_again() -> None:
    windows = changes.windows
    assert windows is not None
    assert windows.window(date(2026, 7, 1)).start.astimezone(UTC) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert windows.refetch == 3
