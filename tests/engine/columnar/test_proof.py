"""What is built by columns and what is not, and what a person is told of it; the guards of a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PastDatetime,
    PrivateAttr,
    RootModel,
    StringConstraints,
    ValidationInfo,
    computed_field,
    create_model,
    field_validator,
    model_validator,
)

from tests.engine.columnar.both import CONTEXT, Both
from tests.engine.columnar.contracts import Case
from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.map import AnyMap, Apply, Coalesce, Day, Explode, Map
from tidegate.contracts.table import Table
from tidegate.engine.build import InstancesBuild
from tidegate.engine.builds import build_for, chosen
from tidegate.engine.columnar.build import ColumnarBuild
from tidegate.engine.columnar.fields import UnprovenError, fields_of
from tidegate.engine.columnar.proof import prove_read, prove_write
from tidegate.engine.columnar.unchanged import is_unchanged
from tidegate.engine.tasks import Task
from tidegate.engine.transforms import Transform


class Clean(WriteContract):
    value: Any


class Tree(ReadContract):
    children: list[Tree] = Field(default=[])


class WholeBefore(ReadContract):
    value: int

    @model_validator(mode="before")
    @classmethod
    def _look(cls, row: Any) -> Any:
        return row


class WholeAfter(ReadContract):
    value: int

    @model_validator(mode="after")
    def _look(self) -> WholeAfter:
        return self


class WholeWrap(ReadContract):
    value: int

    @model_validator(mode="wrap")
    @classmethod
    def _look(cls, row: Any, handler: Any) -> Any:
        return handler(row)


class OfOthers(ReadContract):
    other: int
    value: int

    @field_validator("value")
    @classmethod
    def _less(cls, value: int, info: ValidationInfo) -> int:
        return value - int(info.data["other"])


class OwnInit(ReadContract):
    value: int

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)


class PostInit(ReadContract):
    value: int

    def model_post_init(self, _: Any) -> None:
        self.value += 1


class Private(ReadContract):
    value: int
    _hidden: int = PrivateAttr(default=1)


class OwnAttributes(ReadContract):
    value: int

    def __getattribute__(self, name: str) -> Any:
        return super().__getattribute__(name)


class Forbidding(ReadContract, unknown="forbid"):
    value: int


class Allowing(BaseModel):
    model_config = ConfigDict(extra="allow")
    value: int


class Strict(ReadContract, strict=True):
    value: date


class Root(RootModel[list[int]]):
    """A value of its own."""


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


def _of_others(data: dict[str, Any]) -> int:
    return len(data)


def reading(annotation: Any, **options: Any) -> type[BaseModel]:
    made: type[BaseModel] = create_model("Read", __base__=ReadContract, value=(annotation, Field(**options)))
    return made


@pytest.mark.parametrize(
    ("reads", "why"),
    [
        (WholeBefore, "WholeBefore has a validator of the whole model"),
        (WholeAfter, "WholeAfter has a validator of the whole model"),
        (WholeWrap, "WholeWrap has a validator of the whole model"),
        (OfOthers, "OfOthers.value has a validator that takes `info`"),
        (OwnInit, "OwnInit has an __init__ of its own"),
        (PostInit, "PostInit has a model_post_init or private attributes"),
        (Private, "Private has a model_post_init or private attributes"),
        (OwnAttributes, "OwnAttributes has a __getattribute__ or __getattr__ of its own"),
        (Forbidding, "Forbidding says extra='forbid'"),
        (Allowing, "Allowing says extra='allow'"),
        (Strict, "Strict.value is strict"),
        (Root, "Root is a RootModel"),
        (Tree, "Tree.children may contain itself"),
        (reading(int, validation_alias=AliasChoices("a", "b")), "Read.value has an AliasPath or"),
        (reading(int, validation_alias=AliasPath("a", 0)), "Read.value has an AliasPath or"),
        (reading(date, strict=True), "Read.value is strict"),
        (reading(date | datetime), "Read.value is a union"),
        (reading(Annotated[Cat | Dog, Field(discriminator="kind")]), "Read.value is of the kind 'tagged-u"),
        (reading(dict[str, int]), "Read.value checks the values of a dict"),
        (reading(timedelta), "Read.value is of the kind 'timedelta'"),
        (reading(WholeAfter), ""),
        (reading(list[OwnInit]), "OwnInit has an __init__ of its own"),
        (reading(Forbidding), ""),
        (reading(Annotated[date | datetime, BeforeValidator(str)]), ""),
        (reading(int, default_factory=_of_others), "Read.value has a default that is made of other fields"),
    ],
)  # fmt: skip
def test_of_a_read_contract(reads: type[BaseModel], why: str) -> None:
    if why:
        with pytest.raises(UnprovenError) as caught:
            prove_read(fields_of(reads))
        assert str(caught.value).startswith(why)
    else:
        prove_read(fields_of(reads))


class CleanComputed(WriteContract):
    value: int

    @computed_field  # type: ignore[prop-decorator]  # as Pydantic's documentation writes it
    @property
    def double(self) -> int:
        return self.value * 2


class CleanOfOthers(WriteContract):
    other: int
    value: int

    @field_validator("value")
    @classmethod
    def _less(cls, value: int, info: ValidationInfo) -> int:
        return value - int(info.data["other"])


class CleanWhole(WriteContract):
    value: int

    @model_validator(mode="after")
    def _look(self) -> CleanWhole:
        return self


class CleanStrict(WriteContract, strict=True):
    value: date | datetime | dict[str, int] | None = Field(default=None, alias="Value")


@pytest.mark.parametrize(
    ("writes", "why"),
    [
        (CleanComputed, "CleanComputed has computed fields"),
        (CleanOfOthers, "CleanOfOthers has a validator that takes `info`"),
        (CleanWhole, "CleanWhole has a validator of the whole model"),
        (CleanStrict, ""),
    ],
)
def test_of_a_write_contract(writes: type[BaseModel], why: str) -> None:
    if why:
        with pytest.raises(UnprovenError, match=why):
            prove_write(fields_of(writes))
    else:
        prove_write(fields_of(writes))


class Order(ReadContract):
    id: int
    total: Decimal | None = None
    lines: list[int] = Field(default=[])
    at: AwareDatetime | None = None

    @computed_field  # type: ignore[prop-decorator]  # as Pydantic's documentation writes it
    @property
    def double(self) -> int:
        return self.id * 2

    @cached_property
    def triple(self) -> int:
        return self.id * 3


def task_of(transform: Callable[..., Any], writes: type[BaseModel] = Clean) -> Task[Any, Any, Any]:
    made = Transform.of(transform, writes)
    return Task("rows", lambda _: None, made, Table("rows", writes), None, None)  # type: ignore[arg-type,return-value]


def clean(order: Order) -> Clean:
    return Clean(value=order.id)


@pytest.mark.parametrize(
    ("transform", "says"),
    [
        (Map(Order, Clean, value="id"), "columnar: a Map between contracts that are checked field by field"),
        (Explode(Order, Clean, "lines", value="lines"), "columnar: "),
        (clean, "instances: clean is a function, not a Map"),
        (Map(Order, Clean, value="double"), "instances: the path 'double' is no field of the read contract"),
        (Map(Order, Clean, value=lambda order: order.id), "instances: value is a function of the whole row"),
    ],
)
def test_a_person_is_told_which_build_and_why(transform: Callable[..., Any], says: str) -> None:
    proven, told = chosen(task_of(transform), Order)
    assert told.startswith(says)
    assert (proven is not None) == told.startswith("columnar")


def test_the_setting_takes_instances_for_all() -> None:
    task = task_of(Map(Order, Clean, value="id"))
    assert isinstance(build_for(task, Order), ColumnarBuild)
    assert isinstance(build_for(task, Order, "instances"), InstancesBuild)
    assert build_for(task, Order).fingerprint == build_for(task, Order, "instances").fingerprint
    assert isinstance(build_for(task_of(clean), Order, "columnar"), InstancesBuild)


def both(of: AnyMap[Any, Any, Any], reads: type[BaseModel] = Order) -> Both:
    return Both.of(Case(reads, of.writes, of, (), {}))


def rows(*texts: str) -> bytes:
    return f'{{"rows": [{", ".join(texts)}]}}'.encode()


DEEP = "[" * 150 + "]" * 150
TOO_DEEP = "[" * 230 + "]" * 230


@pytest.mark.parametrize(
    ("row", "taken"),
    [
        ('{"id": 1}', True),
        ('{"id": "1"}', True),
        ('{"id": 1, "total": 1.25}', True),
        ('{"id": 1, "total": 10.0}', True),
        ('{"id": 1, "total": 1e22}', True),
        ('{"id": 1, "total": 1e30}', True),
        ('{"id": 1, "total": -0.0}', False),
        ('{"id": 1, "total": 1e-7}', False),
        ('{"id": 1, "total": 123456789012345678901234567890}', False),
        ('{"id": 1, "id": 2}', True),
        ('{"id": "one", "id": 2}', True),
        ('{"id": 1, "unknown": ' + DEEP + "}", True),
        ('{"id": 1, "unknown": ' + TOO_DEEP + "}", False),
        ('{"id": 1, "unknown": ' + TOO_DEEP + ', "unknown": 1}', False),
        ('{"id": 1, "unknown": "' + "{" * 300 + '"}', True),
        ('{"id": 1, "unknown": "' + '\\\\\\"{' * 300 + '"}', True),
        ('{"id": 1, "unknown": ["{", "\\\\", "}\\"", ' + "[{}, " * 80 + "1" + "]" * 80 + "]}", True),
        ('{"id": 1, "unknown": ["{", "\\\\", ' + TOO_DEEP + ', "}\\""]}', False),
        ('{"id": 1, "unknown": "' + "}" * 300 + '", "deep": ' + TOO_DEEP + "}", False),
        ("[1]", False),
        ("null", False),
        ('{"total": 1}', False),
        ('{"id": null}', False),
    ],
)
def test_of_a_row(row: str, taken: bool) -> None:
    made = both(Map(Order, Clean, value="total"))
    assert made.takes(rows('{"id": 7, "total": "1.5"}', row)) is taken
    assert made.differ(rows('{"id": 7, "total": "1.5"}', row)) is None


def test_missing_is_not_null() -> None:
    class Lenient(ReadContract):
        value: str = None  # type: ignore[assignment]  # what the contracts of some do
        other: int = 5

    made = both(Map(Lenient, Clean, value="other"), Lenient)
    assert made.takes(rows("{}", '{"value": "a"}', '{"other": 1}'))
    assert not made.takes(rows('{"value": null}'))
    assert not made.takes(rows('{"other": null}'))


class Instants(WriteContract):
    at: AwareDatetime | None
    day: date | None
    day_in_paris: date | None
    line: int


@pytest.mark.parametrize("each", [True, False])
def test_days_come_of_instants_of_any_offset(each: bool) -> None:
    fields = {
        "day": Day("at"),
        "day_in_paris": Day("at", zone="Europe/Paris"),
        "line": "lines" if each else "id",
    }
    of = Explode(Order, Instants, "lines", **fields) if each else Map(Order, Instants, **fields)
    texts = ["1969-12-31T23:30:00-02:00", "2026-01-01T00:30:00+01:00", "0001-01-01T00:00:00Z", "1735689600"]
    sent = [f'{{"id": 1, "at": "{text}", "lines": [1, 2]}}' for text in texts]
    made = both(of)
    for body in (
        rows(*sent),
        rows(*sent, '{"id": 2, "lines": [3]}'),
        rows('{"id": 2, "lines": [3], "at": null}'),
    ):
        assert made.takes(body)
        assert made.differ(body) is None
    assert not made.takes(rows('{"id": 1, "at": "0001-01-01T00:00:00+14:00", "lines": [1]}'))


def test_days_come_of_instants_alone_by_way_of_arrow() -> None:
    class Loose(ReadContract):
        at: Any
        naive: datetime | None = None

    made = both(Map(Loose, Clean, value=Day(Coalesce("at", "naive"))), Loose)
    assert not made.takes(rows('{"at": 1}'))
    assert not made.takes(rows('{"at": "2026-01-01T00:00:00Z"}'))
    assert made.takes(rows('{"at": null}', '{"at": null, "naive": "2026-01-01T23:30:00"}'))
    for body in (rows('{"at": 1}'), rows('{"at": null, "naive": "2026-01-01T23:30:00"}')):
        assert made.differ(body) is None


def test_what_was_checked_as_it_is_to_be_written_is_not_checked_again() -> None:
    def unchanged(read: Any, write: Any, **options: Any) -> bool:
        fields: Any = {"value": (write, ...)}
        writes = create_model("Written", __base__=WriteContract, **fields)
        return is_unchanged(*(fields_of(each).fields[0] for each in (reading(read, **options), writes)))

    assert unchanged(str, str)
    assert unchanged(str, str | None)
    assert unchanged(AwareDatetime | None, AwareDatetime | None)
    assert unchanged(Annotated[int, Field(ge=0)], int)
    assert unchanged(Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)])
    assert unchanged(str | None, str | None, default=None)
    assert not unchanged(str, str, default=5)
    assert not unchanged(str, str, default_factory=int)
    assert not unchanged(int, Annotated[int, Field(ge=0)])
    assert not unchanged(str | None, str)
    assert not unchanged(int, float)
    assert not unchanged(datetime, AwareDatetime)
    assert not unchanged(
        Annotated[str, StringConstraints(to_lower=True)], Annotated[str, BeforeValidator(str)]
    )
    assert not unchanged(str, Annotated[str, StringConstraints(to_lower=True)])
    assert not unchanged(datetime, PastDatetime)


def test_what_functions_do_to_their_values_stays_with_them() -> None:
    """Paging compares pages, and the quarantine keeps rows, as they came."""

    def emptied(value: Any) -> Any:
        value.clear()
        return value

    class Careless(ReadContract):
        validated: Annotated[Any, BeforeValidator(emptied)]
        mapped: dict[str, Any]

    class Written(WriteContract):
        validated: Any
        mapped: Any

    made = both(Map(Careless, Written, mapped=Apply(emptied, "mapped")), Careless)
    assert made.columns is not None
    page = made.page(rows('{"validated": [1], "mapped": {"a": {"b": 1}}}'))
    built = made.columns.by_columns(page, CONTEXT)
    assert built.batch is not None
    assert built.batch.to_pylist() == [{"validated": "[]", "mapped": "{}"}]
    assert page.items == [{"validated": [1], "mapped": {"a": {"b": 1}}}]


def test_rows_without_items_are_dropped_and_counted_alike() -> None:
    made = both(Explode(Order, Clean, "lines", value="lines"))
    for body in (rows('{"id": 1, "lines": [1, 2, 3]}', '{"id": 2}'), rows('{"id": 2, "lines": []}')):
        assert made.takes(body)
        assert made.differ(body) is None


def test_what_a_function_changes_is_changed_for_both_builds() -> None:
    """Nobody should, and somebody does."""

    def emptied(value: list[int]) -> list[int]:
        value.clear()
        return value

    class Written(WriteContract):
        before: list[int]
        emptied: list[int]

    body = rows('{"id": 1, "lines": [1, 2]}', '{"id": 2, "lines": [3]}')
    made = both(Map(Order, Written, before="lines", emptied=Apply(emptied, "lines")))
    assert made.takes(body)
    assert made.differ(body) is None
    exploded = both(Explode(Order, Clean, "lines", value=Apply(lambda lines: lines, "lines")))
    assert exploded.differ(body) is None


def test_pages_that_columns_fail_on_are_spared_the_attempt() -> None:
    """Each failure in a row is followed by twice as many pages that go to instances at once."""
    made = both(Map(Order, Clean, value="id"))
    assert made.columns is not None
    tried = []
    seen = made.columns.by_columns

    class Counting(ColumnarBuild):
        def by_columns(self, page: Any, context: Any) -> Any:
            tried.append(page.request.index)
            return seen(page, context)

    counting = Counting(made.columns.proven, made.instances)
    for index in range(40):
        body = rows('{"id": "x"}' if index < 20 else '{"id": 1}')
        counting.page(made.page(body, index), CONTEXT)
    assert tried == [0, 2, 6, 14, *range(30, 40)]
