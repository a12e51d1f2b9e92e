"""The read contract over a page: from decoded rows to a column of validated values for each field."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import compress
from operator import itemgetter
from typing import Any

from pydantic import BaseModel

from tidegate.engine.columnar import guards
from tidegate.engine.columnar.fields import Field, UnprovenError, fields_of
from tidegate.engine.columnar.proof import prove_read

Columns = dict[str, list[Any]]
Rows = list[dict[str, Any]]


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
        self._readers = [(each.name, self._reader(each)) for each in contract.fields]

    def read(self, body: bytes, rows: list[Any]) -> Columns:
        """The columns by the names of their attributes.

        Raises whatever a row raises that is none, and `UnlikeError` where this page must be read otherwise.
        """
        if set(map(type, rows)) != {dict}:
            raise guards.UnlikeError("a row that is no object")
        guards.check_depth(body, len(rows))
        if self._facts.large_numbers:
            guards.check_numbers(body, rows)
        return {name: read(rows) for name, read in self._readers}

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
        return [row.get(key) for row in rows]


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
