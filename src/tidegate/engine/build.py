"""Build: a page's bytes to rows of the write contract in Arrow, both contracts checked on every row.

`Build` is the seam: `InstancesBuild` goes through model instances and serves every contract and transform;
`ColumnarBuild` goes column by column where that is proven to give the same. `builds` chooses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from tidegate.contracts.rejects import Reject
from tidegate.engine.context import Context
from tidegate.engine.fingerprint import fingerprint
from tidegate.engine.highest import Highest
from tidegate.engine.making import Making
from tidegate.engine.tasks import Task
from tidegate.http_tools.clients import Page
from tidegate.utils.encoding import Encoder

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Built:
    """One page, built: its rows in Arrow (None where there are none) and its share of the accounting sum:
    `fetched + added` is the rows of `batch`, the dropped and the rejected ones together.
    """

    batch: pa.RecordBatch | None
    fetched: int
    added: int
    dropped: int
    rejects: Sequence[Reject]
    high: datetime | None


class Build(Protocol):
    """One task's way from page to rows."""

    @property
    def schema(self) -> pa.Schema: ...

    @property
    def fingerprint(self) -> str:
        """Changes with contracts, transform and version: a part with another one is built again."""
        ...

    @property
    def mend(self) -> str:
        """What a person may mend where a row is rejected that the read contract let pass."""
        ...

    def page(self, page: Page[Any], context: Context, only: Collection[int] | None = None) -> Built:
        """Every row of the page, or those at the positions `only`: loaded, dropped or rejected.

        Raises `ContractError` where the page holds no rows to judge, `TransformError` where the transform is
        at fault and no row is.
        """
        ...


class InstancesBuild:
    """Read models, the transform, write models, then Arrow column by column. Serves every task."""

    def __init__(self, task: Task[Any, Any, Any], reads: type[BaseModel]) -> None:
        self._transform = task.transform
        self.encoder = Encoder(task.into.model)
        self.highest = None if task.cursor is None else Highest(task.name, task.cursor.field, reads)
        self.fingerprint = fingerprint(task, reads, self.encoder.key_id)

    @property
    def schema(self) -> pa.Schema:
        return self.encoder.schema

    @property
    def mend(self) -> str:
        return f"{self._transform.name} or the write contract {self.encoder.model.__name__}"

    def page(self, page: Page[Any], context: Context, only: Collection[int] | None = None) -> Built:
        reading = page.read() if only is None else page.read().only(only)
        making = Making(self._transform, self.encoder, page, reading, context)
        batch = making.batch() if reading.models else None
        rejects = sorted((*reading.rejects, *making.rejects), key=lambda reject: reject.position)
        fetched = len(page.items if only is None else only)
        made = 0 if batch is None else batch.num_rows
        high = None if self.highest is None else self.highest.of(page, reading)
        return Built(
            batch, fetched, made + making.dropped + len(rejects) - fetched, making.dropped, rejects, high
        )
