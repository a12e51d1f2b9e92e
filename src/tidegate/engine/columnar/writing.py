"""The write contract over a page: from the columns of a map to Arrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from tidegate.contracts.map import AnyMap, under
from tidegate.contracts.map_sources import Path
from tidegate.engine.columnar.fields import Field, Fields
from tidegate.engine.columnar.mapping import Mapped, is_utc_day
from tidegate.engine.columnar.proof import prove_write
from tidegate.engine.columnar.unchanged import is_unchanged, takes_any_day
from tidegate.utils.columns import Kind
from tidegate.utils.encoding import Encoder
from tidegate.utils.schemas import columns_of

if TYPE_CHECKING:
    import pyarrow as pa

Way: TypeAlias = Callable[[Mapped, str], Any]


class WriteColumns:
    """Validates made columns, each field for itself, and encodes them. Made once for a task."""

    def __init__(self, of: AnyMap[Any, Any, Any], contract: Fields, read: Mapping[str, Field]) -> None:
        """`contract` are the fields of what the map writes, `read` those of what it reads. Raises
        `UnprovenError` where columns might give other rows than instances.
        """
        prove_write(contract)
        given = [each for each in contract.fields if each.name in of.sources]
        self._left = [each for each in contract.fields if each.name not in of.sources]
        kinds = {column.attribute: column.kind for column in columns_of(contract.model)}
        ways = {each.name: _way(of, each, read, kinds.get(each.name)) for each in given}
        self._ways = [(name, way or Mapped.column) for name, way in ways.items()]
        self._checked = [each for each in given if ways[each.name] is None]

    def batch(self, made: Mapped, encoder: Encoder) -> pa.RecordBatch:
        """Raises `ValidationError`, or what an encoder raises, for a row that cannot be."""
        # all in their order, before any is checked, as it is of a row: a function may change what another
        # field holds, too
        columns: dict[str, Any] = {name: way(made, name) for name, way in self._ways}
        made.check_shared()
        for each in self._checked:
            columns[each.name] = each.column(columns[each.name], by_alias=False, by_name=True)
        for each in self._left:
            columns[each.name] = _defaults(each, made.count)
        return encoder.encode_columns(columns)


def _way(of: AnyMap[Any, Any, Any], field: Field, read: Mapping[str, Field], kind: Kind | None) -> Way | None:
    """How the values of a field are made that need no check; None where they need one. `kind` is that of its
    column: what is in Arrow is taken as it is, and a day that is loaded as a hash is no day there.
    """
    if kind == "date" and is_utc_day(of.sources[field.name]) and takes_any_day(field):
        return Mapped.days
    if not _is_unchanged(of, field, read):
        return None
    return Mapped.as_read if kind == "timestamp" else Mapped.column


def _is_unchanged(of: AnyMap[Any, Any, Any], field: Field, read: Mapping[str, Field]) -> bool:
    """Whether the values of a field are those of one that was read, checked for all that it asks."""
    top = of.sources[field.name]
    if (
        not isinstance(top, Path)
        or len(top.keys) > 1
        or (of.each is not None and under(top, of.each) is not None)
    ):
        return False
    return is_unchanged(read[top.path], field)


def _defaults(field: Field, count: int) -> list[Any]:
    found = [field.default() for _ in range(count)]
    return [each.value for each in found if each is not None]
