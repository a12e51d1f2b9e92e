"""The plain way: rows in hand into a table, checked against its write contract, in one commit."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tidegate.contracts.faults import first_fault
from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit, Destination, Landed
from tidegate.destinations.registry import open_destination
from tidegate.engine.commit import commit
from tidegate.engine.exceptions import BrokenContractError
from tidegate.engine.parts import with_window
from tidegate.utils.encoding import EncodeError, Encoder
from tidegate.utils.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

W = TypeVar("W", bound=BaseModel)
_BATCH = 10_000


def load(
    rows: Iterable[W | Mapping[str, Any]],
    *,
    into: Table[W],
    to: str | Destination,
    window: date | None = None,
) -> Landed:
    """Land `rows` (write models, or dicts that one is made of) in the table `into`, all of them or none.

    `to` is a destination as after `--to`. A table with `write="replace_windows"` needs `window`, the first
    day of the cell that these rows replace. Raises `BrokenContractError` that names the row and the field,
    `DestinationError`, or `CommitLostError` where a run or another load came first.
    """
    if (into.write == "replace_windows") != (window is not None):
        raise UsageError(f"table {into.name}: window goes with write='replace_windows', and is needed there")
    destination = open_destination(to) if isinstance(to, str) else to
    destination.prepare(into)
    task = f"load.{into.name}"
    batches = list(_batches(rows, into, window))
    run_id = f"load-{uuid.uuid4().hex[:12]}"
    wanted = Commit(
        commit_id=uuid.uuid4().hex,
        run_id=run_id,
        task=task,
        table=into,
        seen=destination.cursor(task).version,
        cursor=None,
        loaded_at=datetime.now(UTC),
        batches=lambda: iter(batches),
        windows=() if window is None else (window,),
    )
    return commit(destination, wanted)


def _batches(
    rows: Iterable[W | Mapping[str, Any]], into: Table[W], window: date | None
) -> Iterator[pa.RecordBatch]:
    encoder = Encoder(into.model)
    adapter = TypeAdapter(list[into.model])  # type: ignore[name-defined]  # a type made at run time
    remaining, first = iter(rows), 0
    while chunk := list(islice(remaining, _BATCH)):
        try:
            models = adapter.validate_python(chunk)
        except ValidationError as error:
            position = error.errors()[0]["loc"][0]
            row = first + (position if isinstance(position, int) else 0)
            raise _broken(into, row, first_fault(error, skip=1)) from error
        try:
            batch = encoder.encode(models)
        except EncodeError as error:
            what = f"column {error.column}: {error.reason}"
            raise _broken(into, first + error.row, what) from error
        yield batch if window is None else with_window(batch, window)
        first += len(chunk)


def _broken(into: Table[Any], row: int, what: str) -> BrokenContractError:
    return BrokenContractError(f"load into {into.name}: row {row}, {what}", hint="Nothing was loaded.")
