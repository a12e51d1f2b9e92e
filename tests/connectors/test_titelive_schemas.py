"""The read contracts over what Titelive is known to send, in every form that it is known to send it in."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tidegate.connectors.titelive.routes import _rows_of
from tidegate.connectors.titelive.schemas import ApiArticle, ApiProduct, ApiWork

SAMPLE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "titelive_sample.json").read_text())


def product(**changes: Any) -> ApiProduct:
    """The one of the known response, with changes to its article."""
    (row,) = _rows_of(deepcopy(SAMPLE["result"]))
    row["article"] |= changes
    return ApiProduct.model_validate_json(json.dumps(row))


def article(**changes: Any) -> ApiArticle:
    made = product(**changes).article
    assert made is not None
    return made


def test_the_known_response_is_read_whole() -> None:
    made = product()
    assert (made.ean, made.deleted) == ("9782370730541", False)
    assert made.work == ApiWork(id=2842547, titre="T", auteurs="A", auteurs_multi=["A"])
    read = article().model_dump()
    assert read == {
        "gencod": "9782370730541",
        "editeur": "ALLARY",
        "prix": Decimal("22.9"),
        "prixpays": {"fr": {"value": Decimal("22.9"), "devise": "\u20ac"}},
        "taux_tva": Decimal("5.50"),
        "dateparution": date(2015, 6, 11),
        "datemodification": date(2024, 2, 23),
        "dispo": 1,
        "image": True,
        "scolaire": False,
        "pages": 160,
        "poids": 540,
        "gtl": [{"code": "03000000", "libelle": "BD"}],
    }


def test_what_came_stands_beside_what_it_means() -> None:
    made = product()
    assert made.article_as_sent == SAMPLE["result"][0]["article"]["1"]
    assert made.work_as_sent == {"id": 2842547, "titre": "T", "auteurs": "A", "auteurs_multi": ["A"]}


@pytest.mark.parametrize(
    ("gtl", "codes"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ("", []),
        ({"first": []}, []),
        ({"first": {"1": {"code": "3000000", "libelle": "BD"}}}, ["03000000"]),
        ({"first": [{"code": "03010000", "libelle": "BD"}]}, ["03010000"]),
        (
            [{"code": 3000000, "libelle": "BD"}, {"code": "10000000", "libelle": "X"}],
            ["03000000", "10000000"],
        ),
        ({"10": {"code": "B0000000", "libelle": "b"}, "9": {"code": "A", "libelle": "a"}}, ["A", "B0000000"]),
        (
            {"first": {"1": {"code": "1", "libelle": "a"}}, "second": [{"code": "2", "libelle": "b"}]},
            ["1", "2"],
        ),
        ({"code": "1000000", "libelle": "a"}, ["01000000"]),
    ],
)
def test_subjects_are_found_however_they_are_wrapped(gtl: Any, codes: list[str]) -> None:
    assert [subject.code for subject in article(gtl=gtl).gtl] == codes


@pytest.mark.parametrize("gtl", ["BD", 7, True, [3], {"first": "BD"}, {"first": {"1": {"libelle": "BD"}}}])
def test_what_is_no_subject_is_refused(gtl: Any) -> None:
    with pytest.raises(ValidationError, match=r"article\.gtl"):
        product(gtl=gtl)


@pytest.mark.parametrize("empty", [None, [], ""])
def test_prices_may_be_an_empty_list(empty: Any) -> None:
    assert article(prixpays=empty).prixpays is None


@pytest.mark.parametrize(("sent", "read"), [("1", True), (0, False), ("", None), (None, None)])
def test_flags_are_numbers_or_texts(sent: Any, read: bool | None) -> None:
    assert article(image=sent).image is read


@pytest.mark.parametrize("flag", ["2", "yes", 2])
def test_another_flag_is_refused(flag: Any) -> None:
    with pytest.raises(ValidationError, match="Input should be 0 or 1"):
        product(image=flag)


@pytest.mark.parametrize(
    "name",
    ["gencod", "editeur", "prix", "taux_tva", "dateparution", "datemodification", "dispo", "image"],
)
def test_a_key_that_is_renamed_is_told(name: str) -> None:
    (row,) = _rows_of(deepcopy(SAMPLE["result"]))
    row["article"][f"{name}_v2"] = row["article"].pop(name)
    with pytest.raises(ValidationError, match=f"article.{name}"):
        ApiProduct.model_validate(row)


def test_a_record_has_neither_pages_nor_weight() -> None:
    (row,) = _rows_of(deepcopy(SAMPLE["result"]))
    for name in ("pages", "poids", "scolaire", "gtl", "prixpays"):
        del row["article"][name]
    made = ApiProduct.model_validate(row).article
    assert made is not None
    assert (made.pages, made.poids, made.scolaire, made.gtl, made.prixpays) == (None, None, None, [], None)


def test_an_ean_may_be_a_number() -> None:
    made = product(gencod=9782370730541)
    assert made.article is not None
    assert (made.ean, made.article.gencod) == ("9782370730541", "9782370730541")


def test_authors_may_have_numbers_for_keys() -> None:
    work = {"id": 1, "titre": "T", "auteurs": None, "auteurs_multi": {"10": "B", "2": "A &amp; Co"}}
    assert ApiWork.model_validate(work).auteurs_multi == ["A & Co", "B"]
