"""The read contract over a page: from decoded rows to a column of validated values for each field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import compress, repeat
from operator import itemgetter
from typing import Any

from pydantic import BaseModel

from tidegate.engine.columnar import guards
from tidegate.engine.columnar.fields import Field, UnprovenError, fields_of
from tidegate.engine.columnar.proof import is_datetime, prove_read

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Columns:
    """The validated values by the names of their attributes; of instants what they were written as, too."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    written: dict[str, list[Any]] = field(default_factory=dict)


class ReadColumns:
    """Validates the rows of a page, each field for itself. Made once for a task."""

    def __init__(self, model: type[BaseModel], seen: Callable[[str], bool] = lambda _: True) -> None:
        """`seen` says of a field whether user code behind the read contract is shown its value.

        Raises `UnprovenError` where columns might give other rows than instances.
        """
        contract = fields_of(model)
        if not contract.fields:
            raise UnprovenError(f"{model.__name__} has no fields")
        facts = self._facts = prove_read(contract)
        self._copied = facts.functions | frozenset(filter(seen, facts.shared))
        self.fields = {each.name: each for each in contract.fields}
        self._instants = [
            (each.name, taken, each.column)
            for each in contract.fields
            if is_datetime(each) and (taken := _taken(each)) is not None
        ]
        instants = {name for name, *_ in self._instants}
        self._readers = [
            (each.name, self._reader(each)) for each in contract.fields if each.name not in instants
        ]

    def read(self, body: bytes, rows: list[Any]) -> Columns:
        """Raises whatever a row raises that is none, `UnlikeError` where this page must be read otherwise."""
        if set(map(type, rows)) != {dict}:
            raise guards.UnlikeError("a row that is no object")
        guards.check_depth(body, len(rows))
        if self._facts.large_numbers:
            guards.check_numbers(body, rows)
        columns = Columns()
        for name, read in self._readers:
            columns.values[name] = read(rows)
        for name, taken, validate in self._instants:
            columns.written[name] = taken(rows)
            columns.values[name] = validate(columns.written[name])
        return columns

    def _reader(self, field: Field) -> Callable[[Rows], list[Any]]:
        taken, prepare, validate = _taken(field), self._prepare(field.name), field.column
        if taken is None:
            return lambda rows: _with_defaults(field, rows, prepare or _same)
        if prepare is None:
            return lambda rows: validate(taken(rows))
        return lambda rows: validate(prepare(taken(rows)))

    def _prepare(self, name: str) -> Callable[[list[Any]], list[Any]] | None:
        facts = self._facts
        if name in facts.decimals:
            return guards.decimals
        copied = guards.fresh if name in self._copied else None
        if name not in facts.odd_floats:
            return copied
        return (
            guards.checked_floats if copied is None else lambda values: copied(guards.checked_floats(values))
        )


def _taken(field: Field) -> Callable[[Rows], list[Any]] | None:
    """Takes the values of a field, where a missing one needs nothing else."""
    key = field.key
    if field.null_is_default:
        return partial(_null_if_missing, key)
    if field.schema["type"] != "default":
        get = itemgetter(key)
        return lambda rows: list(map(get, rows))
    return None


def _null_if_missing(key: str, rows: Rows) -> list[Any]:
    try:
        return list(map(itemgetter(key), rows))  # most APIs send every key
    except KeyError:
        return list(map(dict.get, rows, repeat(key)))


def _with_defaults(field: Field, rows: Rows, prepare: Callable[[list[Any]], list[Any]]) -> list[Any]:
    """A missing key is not null: its default is taken as it is."""
    key = field.key
    there = [key in row for row in rows]
    found = field.column(prepare([row[key] for row in compress(rows, there)]))
    if len(found) == len(rows):
        return found
    values = iter(found)
    return [next(values) if is_there else _default(field) for is_there in there]


def _default(field: Field) -> Any:
    default = field.default()
    if default is None:
        raise KeyError(field.key)
    return default.value


def _same(values: list[Any]) -> list[Any]:
    return values
