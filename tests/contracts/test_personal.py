"""Personal values: found by the marks of a contract in rows of any form, and shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    Field,
    RootModel,
    SecretStr,
    create_model,
    field_validator,
    model_validator,
)
from typing_extensions import TypeAliasType, TypedDict

from tidegate.contracts.base import ReadContract
from tidegate.contracts.normalising import NumericKeys, OneOrMany
from tidegate.contracts.personal import MASK, Personal, personal_paths
from tidegate.contracts.reading import RowsReader
from tidegate.utils.shapes import Shape

Email = Annotated[str, Personal()]


NAME = NewType("NAME", Email)
ALIAS = TypeAliasType("ALIAS", Email | None)


class Sender(ReadContract):
    id: int
    email: Email


def masked(annotation: Any, value: Any) -> Any:
    """What is shown of a value in a field of the annotation, beside another field."""
    paths = personal_paths(create_model("Row", id=(int, ...), v=(annotation, ...)))
    row = {"id": 1, "v": value}
    shown = paths.mask(row)
    assert row == {"id": 1, "v": value}, "the row itself was changed"
    assert shown["id"] == 1
    return shown["v"]


# Random contracts: each draws an annotation, and what draws a value of it with what is to be shown of it.
# The leaves are integers to the contract and text in the row, so that every value is an error that quotes it.

SECRET = "S3CR3T"
Values = Callable[[Any], tuple[Any, Any]]
NAMES = st.sampled_from(["a", "b", "c-d", "\u00e9"])


def personal_value(draw: Any) -> tuple[Any, Any]:
    return f"{SECRET}{draw(st.integers(0, 9))}", MASK


def plain_value(draw: Any) -> tuple[Any, Any]:
    value = draw(st.one_of(st.text("xyz"), st.none(), st.booleans()))
    return value, value


@st.composite
def optional_of(draw: st.DrawFn, inner: st.SearchStrategy[tuple[Any, Values]]) -> tuple[Any, Values]:
    annotation, values = draw(inner)
    return annotation | None, lambda draw: draw(st.sampled_from([(None, None), values(draw)]))


@st.composite
def list_of(draw: st.DrawFn, inner: st.SearchStrategy[tuple[Any, Values]]) -> tuple[Any, Values]:
    annotation, values = draw(inner)
    wholly = personal_paths(create_model("M", v=(annotation, ...))).covers(("v",))
    # of a list of dicts nobody can tell a key from a number: both are masked there
    numbered = not Shape((annotation,)).values and draw(st.booleans())

    def several(draw: Any) -> tuple[Any, Any]:
        drawn = [values(draw) for _ in range(draw(st.integers(0, 2)))]
        items, shown = [one for one, _ in drawn], [one for _, one in drawn]
        if numbered and draw(st.booleans()):
            keys = [str(number) for number in range(len(drawn))]
            return dict(zip(keys, items, strict=True)), MASK if wholly else dict(
                zip(keys, shown, strict=True)
            )
        return items, MASK if wholly else shown

    items_of: Any = list.__class_getitem__(annotation)
    return (NumericKeys[items_of] if numbered else items_of), several  # type: ignore[misc]  # made at run time


@st.composite
def dict_of(draw: st.DrawFn, inner: st.SearchStrategy[tuple[Any, Values]]) -> tuple[Any, Values]:
    annotation, values = draw(inner)

    def named(draw: Any) -> tuple[Any, Any]:
        drawn = {name: values(draw) for name in draw(st.lists(NAMES, max_size=2))}
        return {name: one for name, (one, _) in drawn.items()}, {
            name: one for name, (_, one) in drawn.items()
        }

    return dict.__class_getitem__((str, annotation)), named


@st.composite
def model_of(draw: st.DrawFn, inner: st.SearchStrategy[tuple[Any, Values]]) -> tuple[Any, Values]:
    parts = draw(st.dictionaries(NAMES, inner, min_size=1, max_size=3))
    fields: dict[str, Any] = {
        f"field_{number}": (annotation, Field(alias=name))
        for number, (name, (annotation, _)) in enumerate(parts.items())
    }

    def row(draw: Any) -> tuple[Any, Any]:
        drawn = {name: values(draw) for name, (_, values) in parts.items()}
        return {name: one for name, (one, _) in drawn.items()}, {
            name: one for name, (_, one) in drawn.items()
        }

    return create_model("Model", __base__=ReadContract, **fields), row


@st.composite
def union_of(draw: st.DrawFn, inner: st.SearchStrategy[tuple[Any, Values]]) -> tuple[Any, Values]:
    model, row = draw(model_of(inner))
    return model | list[int] | int, lambda draw: draw(st.sampled_from([row(draw), ("xyz", "xyz")]))


LEAVES: st.SearchStrategy[tuple[Any, Values]] = st.sampled_from(
    [(Annotated[int, Personal()], personal_value), (int, plain_value)]
)
KINDS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(*(each(inner) for each in (optional_of, list_of, dict_of, model_of, union_of))),
    max_leaves=6,
)


@given(model_of(KINDS), st.data())
def test_whatever_the_form_of_a_row_its_personal_values_are_masked_and_no_others(
    kind: tuple[Any, Values], data: st.DataObject
) -> None:
    model, values = kind
    row, shown = values(data.draw)
    paths = personal_paths(model)
    assert paths.mask(row) == shown
    assert SECRET not in json.dumps(paths.mask(row))
    assert all(value.startswith(SECRET) for value in paths.values(row))
    assert SECRET not in paths.scrub(f"no {row}", row)
    assert bool(paths) or shown == row


@given(model_of(KINDS), st.data())
def test_whatever_is_wrong_with_a_row_its_error_shows_no_personal_value(
    kind: tuple[Any, Values], data: st.DataObject
) -> None:
    model, values = kind
    row, _ = values(data.draw)
    reading = RowsReader(model, None).read(json.dumps([row]).encode())
    assert SECRET not in repr(reading.rejects)


def test_a_mark_counts_wherever_an_annotation_may_carry_it() -> None:
    forms: list[Any] = [
        Email,
        Email | None,
        Annotated[str, Personal],
        NAME,
        ALIAS,
        RootModel[Email],
        SecretStr,
    ]
    assert [masked(form, "ann") for form in forms] == [MASK] * len(forms)
    assert masked(str, "ann") == "ann"


def test_everything_below_a_personal_field_is_personal() -> None:
    class Row(ReadContract):
        sender: Annotated[Sender, Personal()]
        attributes: Annotated[dict[str, Any], Personal()]

    paths = personal_paths(Row)
    assert paths.covers(("sender", "id"))
    assert paths.covers(("attributes", "NAME", 0))
    assert paths.mask({"sender": {"id": 1}, "attributes": {"NAME": "Ann"}}) == {
        "sender": MASK,
        "attributes": MASK,
    }


def test_a_path_is_of_the_keys_of_the_wire() -> None:
    class Row(ReadContract):
        mail: Email = Field(alias="eMail")
        phone: Email = Field(validation_alias=AliasChoices("tel", AliasPath("numbers", "mobile", 0)))  # type: ignore[pydantic-alias]
        senders: list[Sender]

    paths = personal_paths(Row)
    assert paths.covers(("eMail",))
    assert paths.covers(("tel",))
    assert paths.covers(("numbers", "mobile", 0))
    assert paths.covers(("senders", 3, "email"))
    assert not paths.covers(("senders", 3, "id"))
    assert not paths.covers(("senders",))


def test_fields_are_found_by_name_too_where_the_contract_says_so() -> None:
    class Row(ReadContract, populate_by_name=True):
        mail: Email = Field(alias="eMail")

    assert personal_paths(Row).mask({"mail": "ann"}) == {"mail": MASK}


def test_a_contract_may_contain_itself() -> None:
    class Node(ReadContract):
        id: int
        email: Email | None = None
        children: list[Node] = Field(default=[])

    row = {"id": 1, "children": [{"id": 2, "children": [{"id": 3, "email": "ann"}]}]}
    assert personal_paths(Node).values(row) == ["ann"]
    assert personal_paths(Node).mask(row)["children"][0]["children"][0] == {"id": 3, "email": MASK}


def test_dataclasses_and_typed_dicts_are_looked_into() -> None:
    for form in (Owner, Holder):
        assert masked(form, {"name": "Ann", "age": 5}) == {"name": MASK, "age": 5}


@dataclass
class Owner:
    name: Email
    age: int


class Holder(TypedDict):
    name: Email
    age: int


def test_a_dict_with_personal_keys_is_personal() -> None:
    assert masked(dict[Email, int], {"ann@example.com": 3}) == MASK
    paths = personal_paths(create_model("Row", clicks=(dict[Email, int], ...)))
    assert "ann@example.com" in paths.values({"clicks": {"ann@example.com": 3}})
    assert paths.shown(("clicks", "ann@example.com")) == ("clicks",)


def test_a_field_that_the_contract_does_not_name_may_be_a_renamed_one() -> None:
    class Stats(ReadContract):
        sent: int

    class Row(ReadContract):
        sender: Sender
        stats: Stats

    row = {"from": {"email": "ann"}, "sender": {"id": 1, "mail": "bob"}, "stats": {"sent": 1, "new": 2}}
    shown = {"from": MASK, "sender": {"id": 1, "mail": MASK}, "stats": {"sent": 1, "new": 2}}
    assert personal_paths(Row).mask(row) == shown
    assert personal_paths(Stats).mask({"new": "x"}) == {"new": "x"}


@pytest.mark.parametrize("value", ["ann@example.com", ["ann@example.com"], {"0": "ann@example.com"}, 5])
def test_another_form_than_that_of_the_contract_is_masked(value: Any) -> None:
    assert "ann" not in str(masked(Sender, value))
    assert "ann" not in str(masked(OneOrMany[list[Sender]], value))


def test_the_number_of_an_item_is_no_field_of_its_own() -> None:
    row = {"2": {"id": 1, "email": "ann"}, "10": {"id": 2, "email": None}}
    shown = {"2": {"id": 1, "email": MASK}, "10": {"id": 2, "email": None}}
    assert masked(NumericKeys[list[Sender]], row) == shown
    either = NumericKeys[list[dict[str, int] | Sender]]
    assert masked(either, {"0": {"k": 1, "email": "ann"}}) == {"0": {"k": 1, "email": MASK}}


def test_null_is_shown() -> None:
    assert masked(Email | None, None) is None


def test_a_text_is_scrubbed_of_values_in_every_spelling_and_of_their_words() -> None:
    row = {"id": 1, "email": 'Ann "Lee" O\'Neil\n<ann@example.com>'}
    scrub = personal_paths(Sender).scrub
    for text in (repr(row["email"]), json.dumps(row["email"]), str(row["email"]).upper()):
        assert (
            scrub(f"no mailbox in {text}", row).replace('"', "").replace("'", "") == f"no mailbox in {MASK}"
        )
    assert scrub("KeyError: 'Lee', not in sleeve", row) == f"KeyError: '{MASK}', not in sleeve"
    assert scrub("field 1 of 7", row) == "field 1 of 7"
    assert scrub("12 of 512", {"id": 1, "email": "12"}) == f"{MASK} of 512"


class Wary(ReadContract):
    """Its validators quote what they see."""

    id: Email
    name: str
    email: Email

    @field_validator("email")
    @classmethod
    def has_at(cls, value: str) -> str:
        if "@" not in value:
            raise ValueError(f"{value} has no @")
        return value

    @model_validator(mode="after")
    def is_consistent(self) -> Wary:
        raise ValueError(f"{self.name}: {self.email} is not consistent")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            {"id": "i-77", "name": "plain", "email": "ann"},
            f"row 0 (id {MASK}), Wary field email: Value error, {MASK} has no @, got {MASK}",
        ),
        (
            {"id": "i-77", "name": "plain", "email": "ann@example.com"},
            f"row 0 (id {MASK}), Wary field (the row): Value error, plain: {MASK} is not consistent, got "
            f"{{'id': {MASK}, 'name': 'plain', 'email': {MASK}}}"[:60],
        ),
        (
            {"id": "i-77", "email": "ann@example.com"},
            f"row 0 (id {MASK}), Wary field name: required, got a row with id, email",
        ),
        (
            {"id": "i-77", "name": "n", "email": {"to": "ann@example.com"}},
            f"row 0 (id {MASK}), Wary field email: Input should be a valid string, got {MASK}",
        ),
    ],
)
def test_an_error_tells_what_is_wrong_and_no_personal_value(row: Any, told: str) -> None:
    (reject,) = RowsReader(Wary, None).read(json.dumps([row]).encode()).rejects
    assert str(reject).startswith(told.removesuffix("..."))
    assert "ann" not in repr(reject)
    assert "i-77" not in repr(reject)


def test_what_came_is_cut_short_only_after_it_was_masked() -> None:
    row = {"id": 1, "email": {"k": "ann@example.com" * 20}}
    (reject,) = RowsReader(Sender, None).read(json.dumps([row]).encode()).rejects
    assert reject.faults[0].came == MASK


def test_a_model_without_marks_has_no_personal_paths() -> None:
    class Plain(BaseModel):
        a: int
        b: dict[str, list[int]]

    paths = personal_paths(Plain)
    row = {"a": "x", "b": {"c": [1]}, "new": 1}
    assert not paths
    assert (paths.mask(row), paths.values(row), paths.scrub("x", row)) == (row, [], "x")
