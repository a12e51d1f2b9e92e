"""What a page must be spared of for columns to be lawful: each guard is cheap where nothing is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson

# Deeper than 200 levels Pydantic refuses, orjson does not.
_DEPTH = 190

_NO_OPENERS = bytes(set(range(256)) - set(b"{["))
_NO_STRUCTURE = bytes(set(range(256)) - set(b'{}[]"'))
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_DIGITS = bytes(ord("0") if chr(byte).isdecimal() else ord(" ") for byte in range(128)) + b" " * 128
# The shortest integer that does not fit into 64 bits has so many digits.
_LONG = b"0" * 19
_TOO_LARGE = 2.0**63


class UnlikeError(Exception):
    """Something on the page may be taken otherwise by columns than by instances."""


def check_depth(body: bytes, rows: int) -> None:
    """Raises `UnlikeError` for JSON that Pydantic may find too deep, under whatever key.

    Every row opens one object, so that what else is opened bounds the depth of flat rows. Of others, the
    brackets outside of texts are taken away from within, a level or two at a time.
    """
    if len(body.translate(None, _NO_OPENERS)) - rows < _DEPTH:
        return
    left, rounds = _brackets(body), 0
    while left:
        rounds += 1
        if 2 * rounds > _DEPTH:
            raise UnlikeError("nested too deep")
        left = left.replace(b"{}", b"").replace(b"[]", b"")


def _brackets(body: bytes) -> bytes:
    """Those outside of texts. Two quotes side by side are the ends of texts with nothing between them."""
    unescaped = _ESCAPED.sub(b"", body) if b"\\" in body else body
    quoted = unescaped.translate(None, _NO_STRUCTURE).replace(b'""', b"")
    return b"".join(quoted.split(b'"')[::2])


def check_numbers(body: bytes, rows: list[Any]) -> None:
    """Raises `UnlikeError` where an integer beyond 64 bits may have been decoded as a float."""
    if _LONG not in body.translate(_DIGITS):
        return
    for level in _levels(rows):
        if any(type(value) is float and not -_TOO_LARGE < value < _TOO_LARGE for value in level):
            raise UnlikeError("an integer beyond 64 bits")


def checked_floats(values: list[Any]) -> list[Any]:
    """The values. Raises `UnlikeError` for a float that Python and Rust do not write with the same digits."""
    for level in _levels(values):
        if any(type(value) is float and _is_odd(value) for value in level):
            raise UnlikeError("a float that is written in two ways")
    return values


def decimals(values: list[Any]) -> list[Any]:
    """The values of a decimal column such that they become what JSON text becomes: 10.0 becomes 10."""
    if float not in set(map(type, values)):
        return values
    return [_as_written(value) if type(value) is float else value for value in values]


def fresh(values: list[Any]) -> list[Any]:
    """The values, lists and objects as copies: user code that changes one changes nothing of the page, which
    paging, the quarantine and the other build still look at.
    """
    if set(map(type, values)).isdisjoint((dict, list)):
        return values
    return [
        orjson.loads(orjson.dumps(value)) if type(value) is dict or type(value) is list else value
        for value in values
    ]


def _as_written(value: float) -> float | int:
    if value and value.is_integer():
        return int(Decimal(repr(value)))  # the shortest digits that mean it, then zeros
    if _is_odd(value):
        raise UnlikeError("a float that is written in two ways")
    return value


def _is_odd(value: float) -> bool:
    """Whether Python writes it with an exponent, or with digits after the point that Rust leaves out."""
    return value.is_integer() or abs(value) < 1e-4


def _levels(values: list[Any]) -> Iterator[list[Any]]:
    """The values, then what is in them, then what is in that: each level as one list."""
    while values:
        yield values
        inside = [value for value in values if type(value) is dict or type(value) is list]
        values = []
        for each in inside:
            values += each.values() if type(each) is dict else each
