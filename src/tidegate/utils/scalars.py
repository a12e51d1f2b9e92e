"""The columns of single values: which kind a type becomes, its digits and its length, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any
from uuid import UUID

import pydantic
from annotated_types import GroupedMetadata
from pydantic.fields import FieldInfo
from pydantic_core import MultiHostUrl, Url

from tidegate.utils.columns import NAMELESS, Column, Kind, Step
from tidegate.utils.place import Place
from tidegate.utils.secret_types import SECRETS

NO_SECRETS = "leave it out, or hash it in the transform"

_INT64 = range(-(2**63), 2**63)
_MAX_DIGITS = 38  # of BigQuery's BIGNUMERIC, on either side of the point

_IP = (IPv4Address, IPv6Address, IPv4Interface, IPv6Interface, IPv4Network, IPv6Network)
_URL = (pydantic.AnyUrl, Url, MultiHostUrl)
# Written as `str` writes them.
TEXTS: tuple[Any, ...] = (
    *(UUID, pydantic.NameEmail, *_URL, *_IP),
    *(pydantic.IPvAnyAddress, pydantic.IPvAnyInterface, pydantic.IPvAnyNetwork),
)

# The first group of which an annotation is a subclass; bool stands before int, and datetime before date.
_SCALARS: tuple[tuple[tuple[type, ...], Kind, tuple[Step, ...]], ...] = (
    ((bool,), "bool", ()),
    ((int,), "int", ()),
    ((float,), "float", ()),
    ((Decimal,), "decimal", ()),
    ((str, pydantic.EmailStr), "string", ()),
    ((bytes,), "bytes", ()),
    ((datetime, pydantic.AwareDatetime, pydantic.PastDatetime, pydantic.FutureDatetime), "timestamp", ()),
    ((pydantic.NaiveDatetime,), "datetime", ()),
    ((date, pydantic.PastDate, pydantic.FutureDate), "date", ()),
    ((time,), "time", ()),
    ((timedelta,), "int", ("microseconds",)),
    (TEXTS, "string", ("text",)),
)


def is_a(cls: Any, parents: type | tuple[type, ...]) -> bool:
    return isinstance(cls, type) and issubclass(cls, parents)


def flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """Single constraints: Pydantic nests them in `Field(...)`, `StringConstraints`, `Interval` and `Len`."""
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from flat(item.metadata)
        elif isinstance(item, GroupedMetadata):
            yield from flat(item)
        else:
            yield item


def scalar(annotation: Any, cls: Any, metadata: tuple[Any, ...], place: Place) -> Column:
    """The column of a type that is neither model, list, union nor enumeration; `metadata` is flat."""
    if is_a(cls, SECRETS):
        raise place.refuse("a secret cannot be stored", NO_SECRETS)
    found = next(((kind, steps) for group, kind, steps in _SCALARS if is_a(cls, group)), None)
    if found is None:
        name = getattr(annotation, "__name__", None) or str(annotation)
        hint = "write str for its text, a BaseModel for a record, Any for a JSON column"
        raise place.refuse(f"no column type for {name}", hint)
    kind, steps = found
    if kind == "decimal":
        return _decimal(metadata, place)
    if kind == "int" and not steps:
        return _integer(metadata, place)
    lengths = _limits(metadata, "max_length") if kind in ("string", "bytes") and not steps else []
    length = min(lengths, default=None)
    if length == 0:
        raise place.refuse("max_length=0, and no warehouse has such a column", "leave it out")
    return Column(NAMELESS, kind, max_length=length, steps=steps)


def enumerated(members: Iterable[Any], place: Place) -> Column:
    """A column of the type of the values of an Enum or a Literal."""
    members = list(members)
    plain = [member.value if isinstance(member, Enum) else member for member in members]
    steps: tuple[Step, ...] = ("value",) if any(isinstance(member, Enum) for member in members) else ()
    some = tuple(value for value in plain if value is not None)
    kinds: dict[type, Kind] = {str: "string", int: "int", bool: "bool", bytes: "bytes", float: "float"}
    found = {type(value) for value in some}
    if len(found) != 1 or not found <= kinds.keys():
        names = ", ".join(sorted(kind.__name__ for kind in found)) or "no value"
        raise place.refuse(f"values of {names} in one column", "use values of one type, text or numbers")
    kind = kinds[found.pop()]
    if kind == "int" and any(value not in _INT64 for value in some):
        raise place.refuse("a value beyond 64 bits", "use text values")
    if any(isinstance(member, Flag) for member in members):
        some = ()  # flags combine into values that no member has
    return Column(NAMELESS, kind, nullable=None in plain, steps=steps, values=some)


def _limits(metadata: tuple[Any, ...], name: str) -> list[Any]:
    found = (getattr(item, name, None) for item in metadata)
    return [limit for limit in found if limit is not None]


def _integer(metadata: tuple[Any, ...], place: Place) -> Column:
    """64 bits; where the bounds say that values may need more, a decimal that holds them all."""
    highest = min([*_limits(metadata, "le"), *(n - 1 for n in _limits(metadata, "lt"))], default=None)
    lowest = max([*_limits(metadata, "ge"), *(n + 1 for n in _limits(metadata, "gt"))], default=None)
    bounds = [n for n in (lowest, highest) if n is not None]
    if all(_INT64.start <= n < _INT64.stop for n in bounds):
        return Column(NAMELESS, "int")
    if len(bounds) < 2:
        hint = "say the other bound too (a decimal column then holds both), or write str"
        raise place.refuse("an int with one bound, which is beyond 64 bits", hint)
    digits = max(len(str(abs(int(n)))) for n in bounds)
    if digits > _MAX_DIGITS:
        raise place.refuse(f"an int of {digits} digits", f"at most {_MAX_DIGITS} digits; more only as str")
    return Column(NAMELESS, "decimal", precision=digits, scale=0)


def _decimal(metadata: tuple[Any, ...], place: Place) -> Column:
    digits, places = _limits(metadata, "max_digits"), _limits(metadata, "decimal_places")
    if not digits or not places:
        hint = (
            "write Annotated[Decimal, Field(max_digits=12, decimal_places=2)], with the digits of the source"
        )
        raise place.refuse("a Decimal without its digits", hint)
    precision, scale = min(digits), min(places)
    if precision < 1 or scale > precision or scale > _MAX_DIGITS or precision - scale > _MAX_DIGITS:
        hint = f"at most {_MAX_DIGITS} digits on either side of the point; more only as str"
        if scale > precision:
            hint = f"max_digits counts those after the point too: max_digits={scale} or more"
        raise place.refuse(f"Decimal of {precision} digits, {scale} after the point", hint)
    return Column(NAMELESS, "decimal", precision=precision, scale=scale)
