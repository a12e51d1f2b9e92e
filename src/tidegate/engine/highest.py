"""The highest value of a cursor's field on a page: of all its rows, the rejected ones included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import to_json

from tidegate.contracts.reading import Reading
from tidegate.engine.exceptions import BrokenContractError
from tidegate.http_tools.clients import Page


class Highest:
    """Of the attribute `field` of the read model."""

    def __init__(self, task: str, field: str, reads: type[BaseModel]) -> None:
        self._task, self.field, self._reads = task, field, reads
        self._get = attrgetter(field)

    def of(self, page: Page[Any], reading: Reading[Any]) -> datetime | None:
        """None where no row has a value. Raises `BrokenContractError` for one that is no instant."""
        highest: datetime | None = None
        for position, value in self._values(page, reading):
            if value is None:
                continue
            if not isinstance(value, datetime) or value.tzinfo is None:
                raise BrokenContractError(
                    f"{page.call.endpoint} page {page.request.index} row {position}: the cursor of task"
                    f" {self._task} is {value!r}, no instant with a time zone",
                    hint="Declare the cursor's field AwareDatetime in the read contract.",
                )
            highest = value if highest is None else max(highest, value)
        return highest

    def of_column(self, values: Iterable[Any]) -> datetime | None:
        """Of the values of the attribute on a page of good rows. Raises `TypeError` for one that is no
        instant.
        """
        instants = [value for value in values if value is not None]
        if not all(type(value) is datetime and value.tzinfo is not None for value in instants):
            raise TypeError("no instant with a time zone")
        return max(instants, default=None)

    def _values(self, page: Page[Any], reading: Reading[Any]) -> Iterator[tuple[int, Any]]:
        for number, value in enumerate(map(self._get, reading.models)):
            yield reading.position(number), value
        for reject in reading.rejects:
            yield reject.position, self._of_broken(page.items[reject.position])

    def _of_broken(self, row: Any) -> Any:
        """The field alone, of a row that is broken elsewhere; None where the field is what is broken."""
        try:
            value = self._get(self._alone.model_validate_json(to_json(row)))
        except ValidationError:
            return None
        return value if isinstance(value, datetime) and value.tzinfo is not None else None

    @cached_property
    def _alone(self) -> type[BaseModel]:
        """The read contract, less all other fields."""
        info = self._reads.model_fields[self.field]
        fields: Any = {self.field: (info.annotation, info)}
        return create_model(f"{self._reads.__name__}_{self.field}", **fields)
