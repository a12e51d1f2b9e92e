"""What APIs send askew, and what the types for it make of it, in JSON and in Python, strict or not."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from tidegate.contracts.base import ReadContract
from tidegate.contracts.normalising import (
    DayFirstDate,
    EmptyToNone,
    EpochMilliseconds,
    EpochSeconds,
    HtmlText,
    NumericKeys,
    OneOrMany,
    ZeroOne,
)

# An answer of Titelive's /search, abridged.
TITELIVE = """{"type":1,"page":"1","nombre":1,"result":[{"id":2842547,"titre":"L&eacute;a &amp; co",
"auteurs":"A","auteurs_multi":["A"],"article":{"1":{"gencod":"9782370730541","editeur":"ALLARY","prix":22.9,
"prixpays":{"fr":{"value":22.9,"devise":"&euro;"}},"dateparution":"11/06/2015","dispo":1,"image":"1",
"pages":"160","poids":"540","datemodification":"23/02/2024","scolaire":"0","taux_tva":"5.50",
"gtl":{"first":{"1":{"code":"3000000","libelle":"BD"}}}}}}],"nbreponses":50000,"temps":1.18904}"""


class Gtl(ReadContract):
    code: Annotated[str, AfterValidator(lambda code: code.zfill(8))]  # some lost their leading zero
    libelle: HtmlText


class GtlLevels(ReadContract):
    first: NumericKeys[list[Gtl]] = Field(default=[])


class Price(ReadContract):
    value: Decimal
    devise: HtmlText


class Article(ReadContract):
    gencod: str
    prixpays: dict[str, Price]
    dateparution: EmptyToNone[DayFirstDate]
    dispo: int
    image: ZeroOne
    scolaire: ZeroOne
    pages: EmptyToNone[int] = None
    poids: EmptyToNone[int] = None
    taux_tva: Decimal
    datemodification: EmptyToNone[DayFirstDate | None]
    gtl: OneOrMany[list[GtlLevels]] | None


class Work(ReadContract):
    id: int
    titre: HtmlText
    auteurs_multi: OneOrMany[list[str]]
    article: NumericKeys[list[Article]]


class Answer(ReadContract):
    page: int
    result: NumericKeys[list[Work]]


def both(annotation: Any, value: Any, *, strict: bool = False) -> Any:
    """What JSON and Python values become, which must be the same."""
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    of_python = adapter.validate_python(value, strict=strict)
    assert adapter.validate_json(json.dumps(value), strict=strict) == of_python
    return of_python


def message(annotation: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        both(annotation, value)
    return str(caught.value.errors()[0]["msg"])


def test_an_answer_of_titelive_is_read_as_it_is_meant() -> None:
    answer = Answer.model_validate_json(TITELIVE)
    assert answer == Answer.model_validate(json.loads(TITELIVE))
    (work,) = answer.result
    (article,) = work.article
    assert (answer.page, work.titre, work.auteurs_multi) == (1, "L\u00e9a & co", ["A"])
    assert (article.dateparution, article.datemodification) == (date(2015, 6, 11), date(2024, 2, 23))
    assert (article.image, article.scolaire, article.dispo) == (True, False, 1)
    assert (article.pages, article.poids, article.taux_tva) == (160, 540, Decimal("5.50"))
    assert article.prixpays["fr"].devise == "\u20ac"
    assert article.gtl is not None
    assert [gtl.code for level in article.gtl for gtl in level.first] == ["03000000"]


@pytest.mark.parametrize(
    ("gtl", "codes"),
    [
        (None, None),
        ([], []),
        ({"first": {"1": {"code": "1", "libelle": ""}}}, ["00000001"]),
        ([{"first": [{"code": "2", "libelle": ""}]}], ["00000002"]),
    ],
)
def test_a_gtl_is_null_a_list_or_an_object(gtl: Any, codes: list[str] | None) -> None:
    levels = both(OneOrMany[list[GtlLevels]] | None, gtl)
    assert codes == (None if levels is None else [each.code for level in levels for each in level.first])


def test_result_and_article_may_be_lists_too() -> None:
    whole = json.loads(TITELIVE)
    (work,) = whole["result"]
    as_lists = whole | {"result": [work | {"article": [*work["article"].values()]}]}
    as_objects = whole | {"result": {"1": work}}
    assert (
        Answer.model_validate(as_lists) == Answer.model_validate(as_objects) == Answer.model_validate(whole)
    )


def test_items_are_in_the_order_of_their_numbers() -> None:
    assert both(NumericKeys[list[str]], {"10": "c", "2": "b", "0": "a"}) == ["a", "b", "c"]
    assert both(NumericKeys[list[str]], ["b", "a"]) == ["b", "a"]
    assert both(NumericKeys[list[str]], {}) == []
    assert TypeAdapter(NumericKeys[list[str]]).validate_python({2: "b", 1: "a"}) == ["a", "b"]


@pytest.mark.parametrize("value", [{"a": 1}, {"1": 1, "a": 2}, {"-1": 1}, {"\u00b2": 1}, "1", None])
def test_what_has_no_numeric_keys_is_no_list(value: Any) -> None:
    assert message(NumericKeys[list[int]], value) == "Input should be a valid list"


def test_a_single_value_is_a_list_of_one() -> None:
    assert both(OneOrMany[list[str]], "a") == both(OneOrMany[list[str]], ["a"]) == ["a"]
    assert both(OneOrMany[list[str]], []) == []
    assert both(OneOrMany[list[int]] | None, None) is None
    assert message(OneOrMany[list[int]], None) == "Input should be a valid list"
    assert message(OneOrMany[list[str]], "") == "Input should be a valid list"


@pytest.mark.parametrize(("value", "meant"), [("0", False), ("1", True), (0, False), (1, True), (True, True)])
def test_zero_and_one_are_a_bool(value: Any, meant: bool) -> None:
    assert both(ZeroOne, value, strict=True) is meant


@pytest.mark.parametrize("value", ["", "2", "true", "yes", "01", 2, -1, 1.0, None, [1]])
def test_no_other_value_is_a_bool(value: Any) -> None:
    assert message(ZeroOne, value) == "Input should be 0 or 1, as a number or as text"


def test_entities_are_resolved_once() -> None:
    assert both(HtmlText, "&eacute;&#233;&#xe9;&euro; &amp;amp; <b>") == "\u00e9\u00e9\u00e9\u20ac &amp; <b>"
    assert both(Annotated[HtmlText, Field(max_length=1)], "&eacute;") == "\u00e9"
    assert message(HtmlText, 5) == "Input should be a valid string"


@pytest.mark.parametrize("value", [1700000000, "1700000000", 1700000000.0])
def test_seconds_and_milliseconds_since_1970_are_an_instant(value: Any) -> None:
    instant = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert both(EpochSeconds, value, strict=True) == instant
    assert both(EpochMilliseconds, int(float(value)) * 1000, strict=True) == instant
    assert both(EpochSeconds, value).tzinfo is UTC


def test_an_early_instant_in_milliseconds_is_not_taken_for_seconds() -> None:
    # Pydantic's own datetime guesses by size, and takes these for 1970 and for 33658
    assert both(EpochMilliseconds, 86_400_000).date() == date(1970, 1, 2)
    assert message(EpochSeconds, 1_000_000_000_000) == (
        "Input should be a number of seconds since 1970, in the years 1 to 9999"
    )


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_every_millisecond_of_the_calendar_is_exact(milliseconds: int) -> None:
    instant = TypeAdapter(EpochMilliseconds).validate_python(milliseconds)
    assert instant - datetime(1970, 1, 1, tzinfo=UTC) == timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize("value", ["", "2024-01-01", True, None, "nan", "Infinity", 1e300, {}])
def test_what_is_no_number_is_no_instant(value: Any) -> None:
    assert message(EpochSeconds, value).startswith("Input should be a number of seconds since 1970")
    assert message(EpochMilliseconds, value).startswith("Input should be a number of milliseconds since")


@pytest.mark.parametrize("text", ["01/02/2024", "1/2/2024", "01.02.2024", "1-2-2024", " 01/02/2024 "])
def test_the_day_comes_first(text: str) -> None:
    assert both(DayFirstDate, text, strict=True) == date(2024, 2, 1)


@pytest.mark.parametrize(
    "value",
    ["31/02/2024", "01/13/2024", "2024-02-01", "1/2/24", "1/2.2024", "", "00/00/0000", 20240201, None],
)
def test_what_is_no_day_first_date_is_refused(value: Any) -> None:
    assert message(DayFirstDate, value) == "Input should be a date with its day first, such as 31/12/2024"


def test_empty_text_is_none_and_a_missing_key_is_still_missing() -> None:
    class Row(ReadContract):
        pages: EmptyToNone[int]

    rows = [both(Row, {"pages": value}) for value in ("", "  ", None, "7")]
    assert [row.pages for row in rows] == [None, None, None, 7]
    with pytest.raises(ValidationError, match="Field required"):
        Row.model_validate({})


@pytest.mark.parametrize("order", [*permutations([NumericKeys, OneOrMany, EmptyToNone])])
@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("", None),
        (None, None),
        ({"1": {"id": 1}, "2": {"id": 2}}, [1, 2]),
        ({"id": 3}, [3]),
        ([{"id": 4}], [4]),
    ],
)
def test_they_nest_in_any_order(order: tuple[Any, ...], value: Any, meant: list[int] | None) -> None:
    class Row(ReadContract):
        id: int

    annotation: Any = list[Row]
    for each in order:
        annotation = each[annotation]
    rows = both(annotation, value)
    assert meant == (None if rows is None else [row.id for row in rows])


def test_they_nest_in_lists_and_objects() -> None:
    assert both(dict[str, NumericKeys[list[EmptyToNone[ZeroOne]]]], {"a": {"1": "0", "2": ""}}) == {
        "a": [False, None]
    }
    assert both(OneOrMany[list[EmptyToNone[DayFirstDate]]], "01/02/2024") == [date(2024, 2, 1)]


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (NumericKeys[list[int]], [1]),
        (OneOrMany[list[int]], [1]),
        (ZeroOne, True),
        (HtmlText, "caf\u00e9"),
        (EpochSeconds, datetime(2024, 1, 1, tzinfo=UTC)),
        (EpochMilliseconds, datetime(2024, 1, 1, tzinfo=UTC)),
        (DayFirstDate, date(2024, 1, 1)),
    ],
)
def test_what_has_the_right_form_already_is_left_alone(annotation: Any, value: Any) -> None:
    assert TypeAdapter(annotation).validate_python(value) == value


def test_the_types_are_those_that_a_type_checker_sees() -> None:
    article: Article = Answer.model_validate_json(TITELIVE).result[0].article[0]
    published: date | None = article.dateparution
    flag: bool = article.image
    title: str = Answer.model_validate_json(TITELIVE).result[0].titre
    assert (published, flag, len(title)) == (date(2015, 6, 11), True, 8)
