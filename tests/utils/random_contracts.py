"""Random contracts of every type that columns carry, their rows, and what the warehouse is to hold of them.

All of it is said without the code under test: `stored` of a value is what a table gives back, `back` makes
what its contract validates from that, `canonical` is the value that one then has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from hypothesis import strategies as st
from pydantic import (
    AwareDatetime,
    Field,
    HttpUrl,
    Json,
    JsonValue,
    NaiveDatetime,
    RootModel,
    StringConstraints,
    computed_field,
    create_model,
)

from tidegate.contracts.base import WriteContract

Convert = Callable[[Any], Any]


def same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Way:
    """One type of the mapping table; `read` makes plain what DuckDB gives."""

    annotation: Any
    values: st.SearchStrategy[Any] = field(repr=False)
    stored: Convert = field(default=same, repr=False)
    back: Convert = field(default=same, repr=False)
    canonical: Convert = field(default=same, repr=False)
    read: Convert = field(default=same, repr=False)
    in_sets: bool = field(default=True, repr=False)
    nullable: bool = field(default=False, repr=False)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


_MICROSECOND = timedelta(microseconds=1)
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_int64 = st.integers(-(2**63), 2**63 - 1)
_zones = st.sampled_from([UTC, timezone(-timedelta(hours=9, minutes=30)), ZoneInfo("Europe/Paris")])
_instants = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 30), timezones=_zones)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _finite | _text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_text, inner, max_size=2),
    max_leaves=3,
)


def _digits(digits: int, places: int) -> Way:
    annotation = Annotated[Decimal, Field(max_digits=digits, decimal_places=places)]
    most = 10**digits - 1
    return Way(annotation, st.integers(-most, most).map(lambda number: Decimal(f"{number}E-{places}")))


def _as_json(annotation: Any, values: st.SearchStrategy[Any], **more: Any) -> Way:
    read = lambda text: None if text is None else orjson.loads(text)  # noqa: E731
    return Way(annotation, values, read=read, in_sets=False, **more)


def _as_text(annotation: Any, values: st.SearchStrategy[Any]) -> Way:
    return Way(annotation, values, stored=str)


SCALARS = (
    Way(str, _text),
    Way(Annotated[str, StringConstraints(max_length=6)], _text),
    Way(int, _int64),
    Way(Annotated[int, Field(ge=0, lt=2**64)], st.integers(0, 2**64 - 1)),
    Way(float, st.floats(), in_sets=False),
    Way(float, st.floats(allow_nan=False)),
    Way(bool, st.booleans()),
    _digits(12, 2),
    _digits(38, 9),
    _digits(38, 38),
    Way(AwareDatetime, _instants, stored=_utc, canonical=_utc),
    Way(datetime, _instants, stored=_utc, canonical=_utc),
    Way(NaiveDatetime, st.datetimes()),
    Way(date, st.dates()),
    Way(time, st.times()),
    Way(
        timedelta,
        st.timedeltas(timedelta(days=-(10**8)), timedelta(days=10**8)),
        stored=lambda span: span // _MICROSECOND,
        back=lambda number: number * _MICROSECOND,
    ),
    Way(bytes, st.binary(max_size=6)),
    Way(Annotated[bytes, Field(max_length=6)], st.binary(max_size=6)),
    _as_text(UUID, st.uuids()),
    _as_text(HttpUrl, st.sampled_from(["https://a.example/", "http://b.example/c?d=%20e"]).map(HttpUrl)),
    _as_text(IPv4Address, st.ip_addresses(v=4)),
    _as_text(IPv4Address | IPv6Address, st.ip_addresses()),
    Way(Colour, st.sampled_from(Colour), stored=lambda member: member.value),
    Way(Level, st.sampled_from(Level), stored=lambda member: member.value),
    Way(Literal["a", "b"], st.sampled_from(["a", "b"])),
    Way(Literal[1, 2], st.sampled_from([1, 2])),
    _as_json(Any, _json, nullable=True),
    _as_json(JsonValue, _json, nullable=True),
    _as_json(dict[str, Any], st.dictionaries(_text, _json, max_size=2)),
    _as_json(int | str, st.integers(-(2**53), 2**53) | _text),
    _as_json(Json[list[int]], st.lists(_int64, max_size=2), back=orjson.dumps),
)
# More digits than DuckDB holds.
WIDE = (_digits(76, 38), _digits(39, 1))


def optional(way: Way) -> Way:
    def or_none(convert: Convert) -> Convert:
        return lambda value: None if value is None else convert(value)

    return replace(
        way,
        annotation=way.annotation | None if way.annotation is not Any else Any,
        values=st.none() | way.values,
        stored=or_none(way.stored),
        back=or_none(way.back),
        canonical=or_none(way.canonical),
        read=or_none(way.read),
        nullable=True,
    )


def repeated(way: Way, make: type, annotation: Any, *, null: bool) -> Way:
    """`make` is list, tuple or set; where `null`, None may come, and an empty one is what is kept of it."""
    lists = st.lists(way.values, max_size=3, unique=make is set)
    arrange = sorted if make is set else list
    return Way(
        annotation | None if null else annotation,
        (st.none() | lists.map(make)) if null else lists.map(make),
        stored=lambda values: arrange(map(way.stored, values or ())),
        back=lambda values: list(map(way.back, values)),
        canonical=lambda values: make(map(way.canonical, values or ())),
        read=lambda values: list(map(way.read, values)),
        in_sets=False,
    )


def rooted(way: Way) -> Way:
    model = RootModel[way.annotation]  # type: ignore[name-defined]  # made of a value
    return replace(
        way,
        annotation=model,
        values=way.values.map(model.model_construct),
        stored=lambda value: way.stored(value.root),
        canonical=lambda value: model.model_construct(way.canonical(value.root)),
        in_sets=False,
    )


class Bare(WriteContract, use_attribute_docstrings=False):
    """Models that are made by the thousand have no source to be looked through."""


class Counted(Bare):
    @computed_field(alias="howMany")  # type: ignore[prop-decorator]  # as documented
    @property
    def how_many(self) -> int | None:
        return len(type(self).model_fields)


_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)


@st.composite
def contracts(draw: st.DrawFn, scalars: tuple[Way, ...] = SCALARS, depth: int = 2) -> Way:
    """A contract as a way: its annotation is the model, and its values are rows."""
    ways = draw(st.lists(_ways(scalars, depth), min_size=1, max_size=5))
    aliases = draw(st.lists(_NAMES, min_size=len(ways), max_size=len(ways), unique_by=str.lower))
    fields: dict[str, tuple[str, Way]] = {}  # by attribute: the name of the column, and the way
    for number, (way, alias) in enumerate(zip(ways, aliases, strict=True)):
        attribute = f"attribute_{number}"
        fields[attribute] = (alias if draw(st.booleans()) else attribute, way)
    base = draw(st.sampled_from([Bare, Counted]))
    return _model(base, fields)


def _model(base: type[WriteContract], fields: dict[str, tuple[str, Way]]) -> Way:
    made: dict[str, Any] = {
        attribute: (way.annotation, Field(serialization_alias=name))
        for attribute, (name, way) in fields.items()
    }
    model = create_model("Random", __base__=base, **made)
    computed = {"howMany": len(fields)} if base is Counted else {}

    def stored(row: Any) -> dict[str, Any]:
        return {name: way.stored(getattr(row, at)) for at, (name, way) in fields.items()} | computed

    def read(row: dict[str, Any]) -> dict[str, Any]:
        return {name: way.read(row[name]) for name, way in fields.values()} | {k: row[k] for k in computed}

    return Way(
        model,
        st.fixed_dictionaries({at: way.values for at, (_, way) in fields.items()}).map(
            lambda values: model.model_construct(**values)
        ),
        stored=stored,
        back=lambda row: {at: way.back(row[name]) for at, (name, way) in fields.items()},
        canonical=lambda row: model.model_construct(
            **{at: way.canonical(getattr(row, at)) for at, (_, way) in fields.items()}
        ),
        read=read,
        in_sets=False,
    )


def one_field(way: Way) -> Way:
    """The contract with one field, `v`."""
    return _model(Bare, {"v": ("v", way)})


@st.composite
def _ways(draw: st.DrawFn, scalars: tuple[Way, ...], depth: int) -> Way:
    form = draw(st.sampled_from(["scalar", "optional", "list", "tuple", "set", "root", "roots", "optionals"]))
    nested = depth > 0 and draw(st.integers(0, 3)) == 0
    way = draw(contracts(scalars, depth - 1) if nested else st.sampled_from(scalars))
    null = draw(st.booleans())
    if form == "set" and way.in_sets:
        return repeated(way, set, set[way.annotation], null=null)  # type: ignore[name-defined]
    if form in ("list", "set"):
        return repeated(way, list, list[way.annotation], null=null)  # type: ignore[name-defined]
    if form == "tuple":
        return repeated(way, tuple, tuple[way.annotation, ...], null=null)  # type: ignore[name-defined]
    if form == "roots":
        return rooted(repeated(way, list, list[way.annotation], null=False))  # type: ignore[name-defined]
    if form == "root" and not way.nullable:
        return rooted(way)
    return optional(way) if form == "optional" else way


def plain(value: Any) -> Any:
    """With NaN as something that equals itself, and instants with their zone, which `==` does not look at."""
    if isinstance(value, float) and value != value:  # noqa: PLR0124
        return "NaN"
    if isinstance(value, datetime):
        return value.replace(tzinfo=None), value.utcoffset()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(map(plain, value))
    return value
