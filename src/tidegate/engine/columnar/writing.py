"""The write contract over a page: from the columns of a map to Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tidegate.engine.columnar.fields import Field, fields_of
from tidegate.engine.columnar.mapping import Mapped
from tidegate.engine.columnar.proof import prove_write
from tidegate.utils.encoding import Encoder

if TYPE_CHECKING:
    import pyarrow as pa


class WriteColumns:
    """Validates made columns, each field for itself, and encodes them. Made once for a task."""

    def __init__(self, model: type[BaseModel], given: frozenset[str]) -> None:
        """`given` are the fields that are made, the others take their defaults. Raises `UnprovenError` where
        that might give other rows than instances.
        """
        contract = fields_of(model)
        prove_write(contract)
        self._given = [each for each in contract.fields if each.name in given]
        self._left = [each for each in contract.fields if each.name not in given]

    def batch(self, made: Mapped, encoder: Encoder) -> pa.RecordBatch:
        """Raises `ValidationError`, or what an encoder raises, for a row that cannot be."""
        columns = {
            each.name: each.column(made.column(each.name), by_alias=False, by_name=True)
            for each in self._given
        }
        columns.update({each.name: _defaults(each, made.count) for each in self._left})
        return encoder.encode_columns(columns)


def _defaults(field: Field, count: int) -> list[Any]:
    found = [field.default() for _ in range(count)]
    return [each.value for each in found if each is not None]
