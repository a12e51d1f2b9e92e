from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    model_validator,
)

from tidegate.contracts.base import ReadContract
from tidegate.contracts.personal import Personal
from tidegate.engine.drift.compare import compare
from tidegate.engine.drift.findings import Finding
from tidegate.engine.drift.profile import Profile

Row = dict[str, Any]
N = 1000


def profile(rows: Iterable[Row]) -> Profile:
    made = Profile()
    for row in rows:
        made.add(row)
        made.rows += 1
    return made


def rows(make: Callable[[int], Row], count: int = N) -> Profile:
    return profile(make(number) for number in range(count))


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(each.kind, each.path) for each in findings]


class Address(ReadContract):
    city: str | None = None


class Line(ReadContract):
    sku: str
    amount: int = Field(alias="qty")


class Order(ReadContract):
    id: int
    status: Literal["open", "paid"] = "open"
    total: float | None = None
    created_at: AwareDatetime | None = Field(default=None, alias="createdAt")
    ship_to: Address | None = Field(default=None, alias="shipTo")
    lines: list[Line] = Field(default_factory=list)
    tags: list[str] | None = None
    extra: dict[str, Any] = Field(default_factory=dict)


def order(number: int) -> Row:
    return {
        "id": number,
        "status": ("open", "paid")[number % 2],
        "total": number / 8,
        "createdAt": f"2026-01-{number % 28 + 1:02}T10:00:00Z",
        "shipTo": {"city": f"City {number}"},
        "lines": [{"sku": f"s{number}", "qty": number} for _ in range(number % 3)],
        "tags": ["red", "blue"][: number % 3],
        "extra": {"any": number, "thing": {"at": "all"}},
    }


def with_change(change: Callable[[Row], object], share: float = 1.0) -> Callable[[int], Row]:
    def make(number: int) -> Row:
        row = order(number)
        if number % N < share * N:
            change(row)
        return row

    return make


BEFORE = rows(order)


def test_rows_of_the_contract_tell_nothing_in_a_first_and_in_a_later_run() -> None:
    assert compare(BEFORE, Order) == []
    assert compare(rows(order, 700), Order, [BEFORE]) == []


def _moved(row: Row, old: str, new: str) -> None:
    row[new] = row.pop(old)


def _line(change: Callable[[Row], object]) -> Callable[[Row], object]:
    return lambda row: [change(line) for line in row["lines"]]


CHANGES: dict[str, tuple[Callable[[Row], object], list[tuple[str, str]]]] = {
    "added": (lambda row: row.update(tier="gold"), [("unknown", "tier")]),
    "added below": (lambda row: row["shipTo"].update(zip="1"), [("unknown", "shipTo.zip")]),
    "added in a list": (_line(lambda line: line.update(note="x")), [("unknown", "lines[].note")]),
    "dropped": (lambda row: row.pop("total"), [("vanished", "total")]),
    "dropped below": (lambda row: row["shipTo"].pop("city"), [("vanished", "shipTo.city")]),
    "dropped in a list": (_line(lambda line: line.pop("qty")), [("vanished", "lines[].qty")]),
    "nulled": (lambda row: row.update(total=None), [("vanished", "total")]),
    "renamed": (lambda row: _moved(row, "total", "amount"), [("rename", "amount")]),
    "renamed object": (lambda row: _moved(row, "shipTo", "delivery"), [("rename", "delivery")]),
    "renamed list": (lambda row: _moved(row, "tags", "labels"), [("rename", "labels")]),
    "renamed below": (lambda row: _moved(row["shipTo"], "city", "town"), [("rename", "shipTo.town")]),
    "renamed in a list": (_line(lambda line: _moved(line, "sku", "code")), [("rename", "lines[].code")]),
    "retyped": (lambda row: row.update(id=str(row["id"])), [("type", "id")]),
    "retyped below": (lambda row: row["shipTo"].update(city=75001), [("type", "shipTo.city")]),
    "retyped to a list": (lambda row: row.update(shipTo=[row["shipTo"]]), [("type", "shipTo")]),
    "retyped items": (lambda row: row.update(tags=[1 for _ in row["tags"]]), [("type", "tags[]")]),
    "reformatted": (lambda row: row.update(createdAt="2026-01-01T10:00:00"), [("format", "createdAt")]),
    "new value": (lambda row: row.update(status="void"), [("value", "status")]),
}


@pytest.mark.parametrize("share", [1.0, 0.02])
@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_told_and_nothing_else(change: str, share: float) -> None:
    apply, expected = CHANGES[change]
    if share < 1 and expected[0][0] == "vanished":
        expected = [("fell", expected[0][1])]
    now = rows(with_change(apply, share), 2 * N)
    assert told(compare(now, Order, [BEFORE, BEFORE])) == expected


@pytest.mark.parametrize("change", ["renamed", "renamed object", "renamed list", "renamed below"])
def test_a_rename_of_an_optional_field_is_a_warning_without_earlier_runs(change: str) -> None:
    apply, expected = CHANGES[change]
    findings = compare(rows(with_change(apply)), Order)
    assert (told(findings), findings[0].level) == (expected, "warning")


def test_a_change_is_told_by_the_run_that_first_sees_it_and_by_no_later_one() -> None:
    dropped = rows(with_change(lambda row: row.pop("total")))
    assert compare(dropped, Order, [BEFORE, dropped]) == []


def test_a_finding_counts_and_shows_what_came() -> None:
    now = rows(with_change(lambda row: row.update(total=str(row["total"])), 0.05))
    (finding,) = compare(now, Order, [BEFORE])
    assert finding.text == 'decimal text in 50 of 1,000 values, number before, such as "0.0"'


# -- nothing is invented


@pytest.mark.parametrize("seed", range(30))
def test_fields_that_come_and_go_do_not_alarm(seed: int) -> None:
    rng = random.Random(seed)
    shares = {f"f{number}": rng.random() ** 2 for number in range(30)}
    model = _optional(shares)

    def run(count: int) -> Profile:
        return profile(
            {key: rng.choice((1, 2, 3)) for key, share in shares.items() if rng.random() < share}
            for _ in range(count)
        )

    earlier = [run(rng.choice((5, 50, 500))) for _ in range(rng.choice((1, 5)))]
    assert compare(run(rng.choice((3, 40, 2000))), model, earlier) == []


def _optional(names: Iterable[str]) -> type[BaseModel]:
    from pydantic import create_model

    fields: dict[str, Any] = dict.fromkeys(names, (int | None, None))
    return create_model("Sometimes", __base__=ReadContract, **fields)


def test_a_few_rows_less_of_a_field_are_chance_and_many_are_not() -> None:
    class Model(ReadContract):
        a: int | None = None

    def sometimes(share: float) -> Profile:
        return rows(lambda number: {"a": 1} if number < share * N else {})

    assert compare(sometimes(0.48), Model, [sometimes(0.5)]) == []
    assert told(compare(sometimes(0.3), Model, [sometimes(0.5)])) == [("fell", "a")]
    assert compare(sometimes(0.3), Model, [sometimes(0.5), sometimes(0.28)]) == []  # it did so before


def test_ten_rows_are_enough_for_what_was_always_there_and_three_are_not() -> None:
    class Model(ReadContract):
        a: int | None = None

    before = rows(lambda _: {"a": 1}, 10)
    assert told(compare(rows(lambda _: {"b": ""}, 10), Model, [before]))[0] == ("vanished", "a")
    assert ("vanished", "a") not in told(compare(rows(lambda _: {}, 3), Model, [before]))


def test_free_text_may_look_like_anything_now_and_then() -> None:
    class Model(ReadContract):
        note: str

    before = rows(lambda number: {"note": f"text {number}"})
    now = rows(lambda number: {"note": str(number) if number % 20 == 0 else f"text {number}"})
    assert compare(now, Model, [before]) == []


def test_new_values_of_an_open_set_do_not_alarm_and_those_of_a_small_one_are_a_note() -> None:
    class Model(ReadContract):
        city: str
        state: str

    def row(states: tuple[str, ...]) -> Callable[[int], Row]:
        return lambda number: {"city": f"c{number % 200}", "state": states[number % len(states)]}

    before, now = rows(row(("new", "used"))), rows(row(("new", "used", "void")))
    (finding,) = compare(now, Model, [before])
    assert (finding.kind, finding.path, finding.level) == ("value", "state", "note")
    assert '"void" in 333 of 1,000 values; before: "new", "used"' in finding.text


# -- what a contract knows


def test_a_field_may_come_under_any_of_its_names() -> None:
    class Model(ReadContract, validate_by_name=True):
        a: int | None = Field(default=None, validation_alias=AliasChoices("one", "two"))
        b: int | None = Field(default=None, alias="bee")
        c: int | None = Field(default=None, validation_alias=AliasPath("deep", "see"))

    assert compare(rows(lambda _: {"one": 1, "bee": 1, "deep": {"see": 1}}), Model) == []
    before = rows(lambda _: {"one": 1, "bee": 1, "deep": {"see": 1}})
    assert compare(rows(lambda _: {"two": 1, "b": 1, "deep": {"see": 1}}), Model, [before]) == []
    other = rows(lambda _: {"one": 1, "bee": 1, "deep": {"see": 1, "other": 1}})
    assert told(compare(other, Model)) == [("unknown", "deep.other")]


class Card(ReadContract):
    kind: Literal["card"]
    digits: str


class Bank(ReadContract):
    kind: Literal["bank"]
    iban: str


def test_members_of_a_union_and_values_of_a_dict_are_contracts_of_their_own() -> None:
    class Model(ReadContract):
        paid: Card | Bank
        prices: dict[str, Address] = Field(default_factory=dict)
        either: int | Address | list[Address] | None = None

    def row(number: int) -> Row:
        paid = {"kind": "card", "digits": "1"} if number % 2 else {"kind": "bank", "iban": "x"}
        return {"paid": paid, "prices": {"eur": {"city": "x"}}, "either": [{"city": "y"}]}

    assert compare(rows(row), Model) == []
    more = rows(lambda n: {**row(n), "prices": {"eur": {"city": "x", "new": 1}}, "either": {"other": 1}})
    assert told(compare(more, Model)) == [("unknown", "either.other"), ("unknown", "prices.eur.new")]


def test_objects_that_may_have_any_key_have_no_unknown_one() -> None:
    class Loose(ReadContract, extra="allow"):
        id: int

    class Flattened(ReadContract):
        id: int

        @model_validator(mode="before")
        @classmethod
        def _flat(cls, row: Any) -> Any:
            return {"id": row["nested"]["id"]} if "nested" in row else row

    class Held(ReadContract):
        any: Any
        free: dict[str, Any]
        changed: Annotated[list[str], BeforeValidator(list)]

    for model in (Loose, Flattened):
        assert compare(rows(lambda _: {"id": 1, "more": 1}), model) == []
    held = {"any": {"x": 1}, "free": {"y": {"z": 1}}, "changed": {"k": 1}}
    assert compare(rows(lambda _: held), Held) == []


def test_keys_that_are_data_do_not_come_and_go() -> None:
    def row(month: str) -> Callable[[int], Row]:
        return lambda number: {**order(number), "extra": {f"{month}-{number % 28 + 1:02}": 1}}

    assert compare(rows(row("2026-02")), Order, [rows(row("2026-01"))]) == []
    crowd = rows(lambda number: {**order(number), "extra": {f"k{number}": 1}})
    assert compare(crowd, Order, [rows(lambda number: {**order(number), "extra": {f"j{number}": 1}})]) == []


def test_a_named_field_inside_a_free_object_is_a_note_when_it_goes() -> None:
    now = rows(with_change(lambda row: row["extra"].pop("any")))
    (finding,) = compare(now, Order, [BEFORE])
    assert (finding.kind, finding.path, finding.level) == ("vanished", "extra.any", "note")


def test_unknown_fields_are_notes_or_warnings_as_their_own_contract_says() -> None:
    class Strict(ReadContract, unknown="warn"):
        a: int = 0

    class Model(ReadContract):
        inner: Strict

    findings = compare(rows(lambda _: {"inner": {"a": 1, "x": 1}, "y": 1}), Model)
    assert [(each.path, each.level) for each in findings] == [("inner.x", "warning"), ("y", "note")]


def test_keys_that_are_left_out_on_purpose_are_not_told() -> None:
    class Model(ReadContract, unknown="warn", left_out=("footer",)):
        id: int

    assert compare(rows(lambda _: {"id": 1, "footer": "x"}), Model) == []
    assert told(compare(rows(lambda _: {"id": 1, "foot": "x"}), Model)) == [("unknown", "foot")]
    with pytest.raises(TypeError, match="left_out"):

        class _Forbids(ReadContract, unknown="forbid", left_out=("footer",)):
            id: int


def test_values_outside_an_enumeration_of_the_contract_are_told_in_a_first_run() -> None:
    class Colour(Enum):
        RED = "red"

    class Model(ReadContract):
        colour: Colour
        size: Literal[1, 2] | None = None
        open: Literal["a"] | str = "a"

    now = rows(lambda number: {"colour": ("red", "blue")[number % 2], "size": 3, "open": "zzz"})
    assert told(compare(now, Model)) == [("value", "colour"), ("value", "size")]


def test_a_type_that_the_contract_does_not_name_is_a_note_in_a_first_run() -> None:
    class Model(ReadContract):
        n: int
        text: Annotated[str, Field(coerce_numbers_to_str=True)]
        day: AwareDatetime | None = None

    (finding,) = compare(rows(lambda _: {"n": "12", "text": 12, "day": 1_700_000_000}), Model)
    assert (finding.kind, finding.path, finding.level) == ("type", "n", "note")


# -- personal data


def test_examples_of_personal_fields_and_of_what_looks_personal_are_masked() -> None:
    class Model(ReadContract):
        code: int
        mail: Annotated[str | None, Personal()] = None

    now = rows(
        lambda _: {
            "code": "12",
            "mail": 7,
            "free": {"phone": "+33 6 12 34 56 78", "address": "ann@example.com"},
        }
    )
    before = rows(lambda number: {"code": 1, "mail": f"ann{number}@example.com"})
    text = " ".join(f"{each} {each.mend}" for each in compare(now, Model, [before]))
    assert "[redacted]" in text
    assert not [shown for shown in ("ann", "+33", "such as 7") if shown in text]
    assert 'such as "12"' in text


def test_a_kept_profile_holds_no_personal_value() -> None:
    now = profile([{"mail": "ann@example.com", "name": "Ann", "n": 1, "other": "+33612345678"}])
    kept = str(now.masked(lambda keys: keys == ("name",), "[redacted]").to_json())
    assert not [shown for shown in ("ann@", "Ann", "+336") if shown in kept]
    assert now.root.fields["name"].values == {"Ann": 1}  # the one in use keeps them
