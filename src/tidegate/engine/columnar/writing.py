"""The write contract over a page: from the columns of a map to Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tidegate.contracts.map import AnyMap, under
from tidegate.contracts.map_sources import Path
from tidegate.engine.columnar.fields import Field, Fields
from tidegate.engine.columnar.mapping import Mapped, is_utc_day
from tidegate.engine.columnar.proof import prove_write
from tidegate.engine.columnar.unchanged import is_unchanged, takes_any_day
from tidegate.utils.encoding import Encoder

if TYPE_CHECKING:
    import pyarrow as pa


class WriteColumns:
    """Validates made columns, each field for itself, and encodes them. Made once for a task."""

    def __init__(self, of: AnyMap[Any, Any, Any], contract: Fields, read: Mapping[str, Field]) -> None:
        """`contract` are the fields of what the map writes, `read` those of what it reads. Raises
        `UnprovenError` where columns might give other rows than instances.
        """
        prove_write(contract)
        given = [each for each in contract.fields if each.name in of.sources]
        self._left = [each for each in contract.fields if each.name not in of.sources]
        self._days = [each for each in given if is_utc_day(of.sources[each.name]) and takes_any_day(each)]
        self._unchanged = [each for each in given if _is_unchanged(of, each, read)]
        self._checked = [each for each in given if each not in self._unchanged and each not in self._days]

    def batch(self, made: Mapped, encoder: Encoder) -> pa.RecordBatch:
        """Raises `ValidationError`, or what an encoder raises, for a row that cannot be."""
        # all before any is checked, as it is of a row: a function may change what another field holds, too
        columns: dict[str, Any] = {each.name: made.column(each.name) for each in self._checked}
        columns |= {each.name: made.days(each.name) for each in self._days}
        columns |= {each.name: made.as_read(each.name) for each in self._unchanged}
        for each in self._checked:
            columns[each.name] = each.column(columns[each.name], by_alias=False, by_name=True)
        for each in self._left:
            columns[each.name] = _defaults(each, made.count)
        return encoder.encode_columns(columns)


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
