"""Contracts, maps and pages at random, to hold one build against the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from random import Random
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import (
    AfterValidator,
    AnyUrl,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    Json,
    NaiveDatetime,
    PastDate,
    PastDatetime,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    create_model,
    field_validator,
)
from pydantic.fields import FieldInfo

from tests.engine.columnar.hostile import INSTANTS, NESTED, ODD, PLAIN, WHOLE
from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.map import (
    AnyMap,
    Apply,
    Cast,
    Coalesce,
    Constant,
    Day,
    Default,
    Explode,
    FromContext,
    Hour,
    Join,
    Lookup,
    Map,
    Month,
    Position,
    Required,
)
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
from tidegate.utils.shapes import annotation_of


class Letter(Enum):
    A = "a"
    B = "b"


class Number(IntEnum):
    ONE = 1
    TWO = 2


class Inner(ReadContract):
    a: int
    b: str | None = None
    price: Decimal | None = None


class Loose(ReadContract, coerce_numbers_to_str=True, str_strip_whitespace=True):
    a: str = Field(default="none", alias="A")
    inner: Inner | None = None


class Closed(ReadContract, unknown="forbid"):
    a: float


class Checked(BaseModel):
    a: int = 1

    @field_validator("a", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return len(value) if isinstance(value, str) else value


class Written(WriteContract, use_attribute_docstrings=False):  # looking for these costs more than a page
    """What the write contracts are made on."""


class StrictlyWritten(Written, strict=True):
    """Takes no text for a number."""


class Stripped(Written, str_strip_whitespace=True, coerce_numbers_to_str=True):
    """Takes numbers for text."""


def _twice(value: Any) -> Any:
    return value * 2 if isinstance(value, str | int) and len(str(value)) < 50 else value


def _emptied(value: Any) -> Any:
    """Changes what it is given, which nobody else may see."""
    if isinstance(value, list | dict):
        value.clear()
    return value


def _turned(value: Any) -> Any:
    """Of a list, which is longer afterwards: each call gives another item."""
    if not isinstance(value, list) or not value:
        return value or None
    value.append(value[len(value) // 2])
    return value[len(value) % 2]


def _short(value: Any) -> Any:
    if len(str(value)) > 20:
        raise ValueError("too long")
    return value


def _or_none(value: Any, handler: Callable[[Any], Any]) -> Any:
    try:
        return handler(value)
    except ValueError:
        return None


Blank: TypeAlias = EmptyToNone[AwareDatetime]
BlankNumber: TypeAlias = EmptyToNone[int]
BlankDay: TypeAlias = EmptyToNone[DayFirstDate]
Numbered: TypeAlias = NumericKeys[list[str]]
Several: TypeAlias = OneOrMany[list[int]]
SeveralNumbered: TypeAlias = OneOrMany[NumericKeys[list[Inner]]]

TYPES: list[Any] = [
    str, int, float, bool, Decimal, bytes, date, datetime, time, uuid.UUID, AwareDatetime, Any, AnyUrl,
    str | None, int | None, float | None, bool | None, Decimal | None, date | None, AwareDatetime | None,
    Annotated[int, Field(ge=0, lt=2**63)], Annotated[float, Field(gt=0, allow_inf_nan=False)],
    Annotated[Decimal, Field(max_digits=6, decimal_places=2)], Annotated[Decimal, Field(ge=0)] | None,
    Annotated[str, Field(coerce_numbers_to_str=True)], Annotated[str, Field(pattern="^[ab1]")],
    Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=5)],
    Annotated[int, Field(strict=True)], Annotated[str, Field(strict=True)] | None,
    Literal["a", "b"], Literal[1, 2, "a"], Literal[True, None], Letter, Number, Letter | None,
    list[int], list[str], list[Any], list[int | None], list[Decimal], list[date], set[int], frozenset[str],
    tuple[int, str], tuple[int, ...], list[list[int]], list[Inner], list[Inner] | None,
    dict[str, Any], dict[str, Any] | None, Inner, Inner | None, Loose, Closed | None, Checked,
    int | str, float | str, int | float, bool | int | None, Json[list[int]],
    Blank, BlankNumber, BlankDay, Numbered, Several, SeveralNumbered, ZeroOne, HtmlText, EpochSeconds,
    EpochMilliseconds,
    Annotated[str, AfterValidator(_twice)], Annotated[int, AfterValidator(_short)],
    Annotated[Any, PlainValidator(_twice)], Annotated[Any, BeforeValidator(_emptied)],
    Annotated[Decimal, BeforeValidator(_short)], Annotated[str, BeforeValidator(str)],
    Annotated[int | None, WrapValidator(_or_none)], Annotated[list[int] | None, WrapValidator(_or_none)],
    # what columns refuse: these tasks go to instances, which is held to as well
    dict[str, int], datetime | str, Annotated[date, Field(strict=True)],
]  # fmt: skip

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)

# Far from all types are instants, and nearly every table holds some.
INSTANT_TYPES: list[Any] = [
    AwareDatetime, AwareDatetime | None, AwareDatetime | None, datetime, datetime | None,
    NaiveDatetime | None, PastDatetime, Annotated[AwareDatetime, Field(ge=NEW_YEAR)],
    Annotated[datetime | None, Field(strict=True)], Annotated[AwareDatetime, BeforeValidator(_short)],
    Blank, EpochMilliseconds, date | None, *[list[AwareDatetime], list[date], list[NaiveDatetime]] * 2,
]  # fmt: skip

DEFAULTS: list[dict[str, Any]] = [
    {}, {}, {}, {"default": None}, {"default": None}, {"default": "a"}, {"default": 1},
    {"default": "1", "validate_default": True}, {"default_factory": list}, {"default": 1.0},
]  # fmt: skip

CONFIGS: list[dict[str, Any]] = [
    {}, {}, {}, {}, {"str_strip_whitespace": True}, {"coerce_numbers_to_str": True}, {"allow_inf_nan": False},
    {"str_to_lower": True, "str_max_length": 6}, {"extra": "forbid"}, {"strict": True},
    {"validate_by_name": True, "validate_by_alias": True}, {"validate_default": True},
    {"validate_by_name": True, "validate_by_alias": False},
]  # fmt: skip

# What may be asked of a value beside its type.
LIMITS: dict[Any, Any] = {int: Field(gt=0), float: Field(ge=1), str: Field(max_length=1)}

WRITTEN: list[Any] = [
    str, int, float, bool, str | None, int | None, float | None, AwareDatetime | None,
    date | None, Annotated[Decimal, Field(max_digits=12, decimal_places=4)] | None, list[str], list[int],
    Annotated[str, Field(max_length=5)] | None, Annotated[int, Field(ge=0)] | None,
    Annotated[Any, AfterValidator(_short)], dict[str, Any], int | str | None,
    datetime, datetime | None, NaiveDatetime | None, Annotated[AwareDatetime | None, Field(ge=NEW_YEAR)],
    date, Annotated[date | None, Field(le=NEW_YEAR.date())], PastDate | None,
    Annotated[date, Field(strict=True)],
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A map, with what it reads and writes, and the keys under which the read contract looks."""

    reads: type[BaseModel]
    writes: type[BaseModel]
    map: AnyMap[Any, Any, Any]
    keys: tuple[str, ...]
    fitting: dict[str, list[str]]  # by key, plain values that its field takes


def case(random: Random) -> Case:
    reads = read_contract(random)
    keys = tuple(info.alias or name for name, info in reads.model_fields.items())
    taken = {info.alias or name: _fitting(info) for name, info in reads.model_fields.items()}
    for _ in range(50):
        try:
            return Case(reads, *_map(random, reads), keys, taken)
        except TypeError:  # what is refused when it is declared; another one then
            continue
    writes = create_model("Written", __base__=Written, w0=(Any, ...))
    return Case(reads, writes, Map(reads, writes, w0=next(iter(reads.model_fields))), keys, taken)


def read_contract(random: Random) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    types = random.choice([TYPES, TYPES, TYPES + 8 * INSTANT_TYPES])
    for number in range(random.randint(1, 5)):
        options = dict(random.choice(DEFAULTS))
        if random.random() < 0.3:
            options["alias"] = f"F{number}"
        annotation = random.choice(types)
        if options.get("default", ...) is None and random.random() < 0.7:
            annotation = annotation | None if not isinstance(annotation, str) else annotation
        fields[f"f{number}"] = (annotation, Field(**options))
    config = random.choice(CONFIGS)
    base = type("Base", (ReadContract,), {"__module__": __name__}, **cast("Any", config))
    made: type[BaseModel] = create_model("Read", __base__=base, **fields)
    return made


def _map(random: Random, reads: type[BaseModel]) -> tuple[type[BaseModel], AnyMap[Any, Any, Any]]:
    names = list(reads.model_fields)
    lists = [name for name in names if "list" in str(reads.model_fields[name].annotation)]
    each = random.choice([*lists, ""])
    explode = bool(each) and random.random() < 0.5
    sources = {f"w{number}": _source(random, names, lists, explode) for number in range(random.randint(1, 4))}
    fields: dict[str, Any] = {}
    for name, source in sources.items():
        alias = f"F{name}" if random.random() < 0.1 else None
        fields[name] = (_written(random, source, reads), Field(alias=alias))
    if random.random() < 0.3:
        fields["left"] = (int | None, None)
    if random.random() < 0.2:
        fields["made"] = (list[int], Field(default_factory=lambda: [1]))
    base = random.choice([Written, Written, Written, StrictlyWritten, Stripped])
    writes: type[BaseModel] = create_model("Written", __base__=base, **fields)
    if explode:
        return writes, Explode(reads, writes, each, **sources)
    return writes, Map(reads, writes, **sources)


def _written(random: Random, source: Any, reads: type[BaseModel]) -> Any:
    """Anything, mostly, which shows every difference; or what the field that it comes from is."""
    luck = random.random()
    if luck < 0.25 and isinstance(source, str) and source in reads.model_fields:
        annotation = annotation_of(reads.model_fields[source])
        limits = LIMITS.get(annotation) if luck < 0.1 and annotation in (int, float, str) else None
        return annotation if limits is None else Annotated[annotation, limits]
    if luck < 0.4 and isinstance(source, Day):
        return random.choice([date | None, date | None, *WRITTEN[-4:]])
    return random.choice(WRITTEN) if luck > 0.8 else Any


def _source(random: Random, names: list[str], lists: list[str], explode: bool) -> Any:
    def path() -> str:
        return random.choice(names) + (random.choice([".a", ".b", ".price"]) if random.random() < 0.1 else "")

    makers: list[Callable[[], Any]] = [
        path, path, path,
        lambda: Required(path()), lambda: Default(path(), random.choice(["x", 0, []])),
        lambda: Cast(path(), random.choice([str, str, str, str, int, float, Decimal])), lambda: Day(path()),
        lambda: Month(Coalesce(path(), path())), lambda: Hour(path(), zone="Europe/Paris"),
        lambda: Coalesce(path(), path()), lambda: Join(path(), path(), by="-"),
        lambda: Lookup(Cast(path(), str), {"a": 1, "1": "one"}, otherwise=random.choice([None, "other"])),
        lambda: Lookup(path(), {"a": 1, 1: 2}, otherwise=0), lambda: Lookup(path(), {"a": 1}),
        lambda: Apply(_short if random.random() < 0.2 else _twice, path()), lambda: Apply(repr, path()),
        lambda: Apply(_emptied, path()),
        lambda: Apply(lambda a, b: [a, b], path(), path()), lambda: Constant(random.choice([1, "x", None])),
        lambda: Day(Coalesce(path(), path())), lambda: Day(Apply(_turned, path())),
        lambda: Apply(_turned, path()), lambda: Coalesce(Day(path()), Day(path())),
        lambda: Default(Day(path()), NEW_YEAR.date()),
        lambda: Day(path(), zone=random.choice(["UTC", "America/New_York"])), lambda: Day(path()), path,
        lambda: FromContext("run_time"), lambda: Default(Apply(_twice, path()), "none"),
    ]  # fmt: skip
    if explode:
        makers += [Position, Position]
    if lists:
        makers += 3 * [lambda: Day(Apply(_turned, random.choice(lists)))]
    return random.choice(makers)()


def page(random: Random, of: Case) -> bytes:
    """Bytes that may or may not be a page of rows."""
    if random.random() < 0.02:
        return random.choice(WHOLE)
    odd = random.choice([0.0, 0.0, 0.0, 0.05, 0.2])
    rows = ", ".join(_row(random, of, odd) for _ in range(random.randint(1, 6)))
    extra = f', "more": {random.choice(ODD)}' if random.random() < 0.03 else ""
    body = f'{{"rows": [{rows}]{extra}}}'.encode("utf-8", "surrogatepass")
    return _broken(random, body) if random.random() < 0.03 else body


def _row(random: Random, of: Case, odd: float) -> str:
    pairs = []
    for key in (*of.keys, "unknown", *(of.reads.model_fields if random.random() < 0.1 else ())):
        if random.random() < (0.9 if key == "unknown" else 0.03):
            continue
        times = 2 if random.random() < 0.01 else 1
        pairs += [(key, _value(random, of, key, odd)) for _ in range(times)]
    if random.random() < 0.1:
        random.shuffle(pairs)
    return "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}"


def _value(random: Random, of: Case, key: str, odd: float) -> str:
    if random.random() < odd:
        return random.choice(ODD)
    return random.choice(of.fitting.get(key, PLAIN))


def _fitting(info: FieldInfo) -> list[str]:
    """Found by trying; all values, where it takes none of them."""
    adapter: TypeAdapter[Any] = TypeAdapter(annotation_of(info))
    return [each for each in (*PLAIN, *NESTED, *INSTANTS) if _takes(adapter, each)] or PLAIN


def _takes(adapter: TypeAdapter[Any], value: str) -> bool:
    try:
        adapter.validate_json(value)
    except ValidationError:
        return False
    return True


def _broken(random: Random, body: bytes) -> bytes:
    at = random.randrange(len(body))
    return random.choice([
        b"\xef\xbb\xbf" + body, body + body, body + b"\n" + body, body[:at], body[:at] + b"\xff" + body[at:],
        body + b"garbage", body + b" \n", body[:at] + body[at + 1 :],
        body.replace(b'"rows"', b'"rows": 1, "rows"'),
        body[:at] + random.choice([b"\x00", b"\xed\xa0\x80", b",", b"}", b"\xc3"]) + body[at:],
    ])  # fmt: skip
