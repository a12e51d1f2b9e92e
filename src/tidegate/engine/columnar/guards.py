"""What a page must be spared of for columns to be lawful: each guard is cheap where nothing is there."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic_core import from_json

# Deeper than this Pydantic refuses, orjson does not: its own limit is 200, and the envelope counts.
_DEPTH = 190

_NO_OPENERS = bytes(set(range(256)) - set(b"{["))
_DIGITS = bytes(ord("0") if chr(byte).isdecimal() else ord(" ") for byte in range(128)) + b" " * 128
# The shortest integer that does not fit into 64 bits has so many digits.
_LONG = b"0" * 19
_TOO_LARGE = 2.0**63


class UnlikeError(Exception):
    """Something on the page may be taken otherwise by columns than by instances."""


def check_depth(body: bytes, doc: Any, rows: int) -> None:
    """Raises `UnlikeError` for a body that Pydantic finds too deep.

    Every row opens one object, so that what else is opened bounds the depth, and hardly ever is a level
    counted. What is opened and not in `doc` stands in a text, or under a key that comes once more: each may
    be one level.
    """
    opened = len(body.translate(None, _NO_OPENERS))
    if opened - rows < _DEPTH:
        return
    depth = found = 0
    for level in _levels([doc]):
        depth += 1
        found += sum(map(_is_container, level))
    if depth + opened - found < _DEPTH:
        return
    try:
        from_json(body, cache_strings=False)
    except ValueError as error:
        raise UnlikeError(str(error)) from None


def check_numbers(body: bytes, rows: list[Any]) -> None:
    """Raises `UnlikeError` where an integer beyond 64 bits may have been decoded as a float."""
    if _LONG not in body.translate(_DIGITS):
        return
    for level in _levels(rows):
        if any(type(value) is float and not -_TOO_LARGE < value < _TOO_LARGE for value in level):
            raise UnlikeError("an integer beyond 64 bits")


def check_floats(values: list[Any]) -> None:
    """Raises `UnlikeError` for a float that Python and Rust do not write with the same digits."""
    for level in _levels(values):
        if any(type(value) is float and _is_odd(value) for value in level):
            raise UnlikeError("a float that is written in two ways")


def decimals(values: list[Any]) -> list[Any]:
    """The values of a decimal column such that they become what JSON text becomes: 10.0 becomes 10."""
    if float not in set(map(type, values)):
        return values
    return [_as_written(value) if type(value) is float else value for value in values]


def _as_written(value: float) -> float | int:
    if value and value.is_integer():
        return int(Decimal(repr(value)))  # the shortest digits that mean it, then zeros
    if _is_odd(value):
        raise UnlikeError("a float that is written in two ways")
    return value


def _is_odd(value: float) -> bool:
    """Whether Python writes it with an exponent, or with digits after the point that Rust leaves out."""
    return value.is_integer() or abs(value) < 1e-4


def _is_container(value: Any) -> bool:
    return type(value) is dict or type(value) is list


def _levels(values: list[Any]) -> Iterator[list[Any]]:
    """The values, then what is in them, then what is in that: each level as one list."""
    while values:
        yield values
        inside = list(filter(_is_container, values))
        values = []
        for each in inside:
            values += each.values() if type(each) is dict else each
