"""What the warehouse must hold of Titelive, worked out from the stand-in's own truth.

Shares nothing with the workflow: the JSON that is sent in, column values out, written against the facts.
"""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tidegate.sandbox.titelive import TiteliveSandbox

Row = dict[str, Any]

_SIGNS = {"&euro;": "EUR", "€": "EUR", "EUR": "EUR"}
_OF_DELETED: Row = {"authors": [], "gtl_codes": [], "gtl_labels": []}


def products(sandbox: TiteliveSandbox, eans: Iterable[str]) -> list[Row]:
    """The rows of `titelive_products` for a list of EANs."""
    there = {row["ean"]: expected(row["ean"], row["oeuvre"]) for row in sandbox.truth()["rows"]}
    return [there.get(ean) or _gone(ean) for ean in eans]


def changes(sandbox: TiteliveSandbox, first: date, last: date) -> list[Row]:
    """The rows of `titelive_changes` for days, both included."""
    rows = [expected(row["ean"], row["oeuvre"]) for row in sandbox.truth()["rows"]]
    return [
        {**row, "_tidegate_window": row["modified_on"]} for row in rows if first <= row["modified_on"] <= last
    ]


def expected(ean: str, work: Row) -> Row:
    """The columns of one article, from its work as it is sent."""
    (article,) = (each for each in _items(work["article"]) if each["gencod"] == ean)
    french = article["prixpays"].get("fr") if isinstance(article["prixpays"], dict) else None
    subjects = list(_subjects(article["gtl"]))
    return {
        "ean": ean,
        "is_deleted": False,
        "work_id": work["id"],
        "title": html.unescape(work["titre"]),
        "authors": [html.unescape(each) for each in _items(work.get("auteurs_multi", []))],
        "author_line": _text(work["auteurs"]),
        "publisher": _text(article["editeur"]),
        "price": None if article["prix"] == "" else Decimal(str(article["prix"])).quantize(Decimal("0.01")),
        "currency": None if french is None else _SIGNS[french["devise"]],
        "tax_rate": Decimal(str(article["taux_tva"])).quantize(Decimal("0.01")),
        "published_on": _day(article["dateparution"]),
        "availability": int(article["dispo"]),
        "page_count": _count(article.get("pages")),
        "weight": _count(article.get("poids")),
        "has_image": str(article["image"]) == "1",
        "is_schoolbook": None if "scolaire" not in article else str(article["scolaire"]) == "1",
        "gtl_codes": [str(each["code"]).rjust(8, "0") for each in subjects],
        "gtl_labels": [html.unescape(each["libelle"]) for each in subjects],
        "modified_on": _day(article["datemodification"]),
        "article": article,
        "work": {name: value for name, value in work.items() if name != "article"},
    }


def held(path: Path, table: str) -> list[Row]:
    """Every row that a table holds, all columns but tidegate's own of every table."""
    with duckdb.connect(str(path), read_only=True) as db:
        found = db.execute(f"SELECT * EXCLUDE (_tidegate_run, _tidegate_loaded_at) FROM {table}")
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    for row in rows:
        for name in ("article", "work"):
            row[name] = None if row[name] is None else json.loads(row[name])
    return rows


def assert_same(wanted: list[Row], got: list[Row]) -> None:
    """The same rows, each as often, in whatever order; values of JSON in the order in which they came."""
    missing, surplus = counted(wanted) - counted(got), counted(got) - counted(wanted)
    assert not missing, f"{missing.total()} rows missing, for example {next(iter(missing))}"
    assert not surplus, f"{surplus.total()} rows too many, for example {next(iter(surplus))}"


def counted(rows: list[Row]) -> Counter[str]:
    """`1` and `"1"`, `[]` and `{}` are told apart: JSON is compared as it was sent."""
    return Counter(repr(sorted(row.items())) for row in rows)


def _gone(ean: str) -> Row:
    columns = expected(_SAMPLE_EAN, _SAMPLE)
    return {**dict.fromkeys(columns), **_OF_DELETED, "ean": ean, "is_deleted": True}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value[key] for key in sorted(value, key=int)]


def _subjects(gtl: Any) -> Iterable[Row]:
    if not gtl:
        return
    groups = [gtl] if isinstance(gtl, list) or "first" not in gtl else [gtl[name] for name in gtl]
    for group in groups:
        yield from _items(group)


def _text(value: str | None) -> str | None:
    return None if value is None else html.unescape(value)


def _day(value: str) -> date | None:
    if not value:
        return None
    day, month, year = value.split("/")
    return date(int(year), int(month), int(day))


def _count(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


_SAMPLE_EAN = "9782370730541"
_SAMPLE: Row = json.loads((Path(__file__).parent / "titelive_sample.json").read_text())["result"][0]
