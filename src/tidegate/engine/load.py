"""The plain way: rows in hand into a table, checked against its write contract, in one commit."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tidegate.contracts.personal import personal_paths
from tidegate.contracts.rejects import Fault, Reject, fault_of, listed
from tidegate.contracts.table import Table
from tidegate.destinations.base import Commit, Destination, Landed
from tidegate.destinations.registry import open_destination
from tidegate.engine import frames
from tidegate.engine.commit import commit
from tidegate.engine.exceptions import BrokenContractError, FrameError
from tidegate.engine.frames import Frame, is_frame
from tidegate.engine.parts import with_window
from tidegate.engine.plan import WHOLE, Slice
from tidegate.engine.row_keys import RowKeys
from tidegate.engine.spool import Spool
from tidegate.utils.encoding import EncodeError, Encoder
from tidegate.utils.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

W = TypeVar("W", bound=BaseModel)
_BATCH = 10_000  # rows in Python objects at a time
_NOTHING = "Nothing was loaded."


def load(
    rows: Iterable[W | Mapping[str, Any]] | Frame,
    *,
    into: Table[W],
    to: str | Destination,
    window: date | None = None,
) -> Landed:
    """Land `rows` in the table `into`, all of them or none, in one commit.

    Rows are write models, or what they are made of, and then checked: dicts, a pandas or polars DataFrame, an
    Arrow table, record batch or reader. A generator is drawn batch by batch. `to` is a destination as after
    `--to`. A table with `write="replace_windows"` needs `window`, the first day of the cell that these rows
    replace. Raises `BrokenContractError` that names the rows and fields, `DestinationError`, or
    `CommitLostError` where a run or another load came first.
    """
    if (into.write == "replace_windows") != (window is not None):
        raise UsageError(f"table {into.name}: window goes with write='replace_windows', and is needed there")
    given = _rows(rows, into)
    destination = open_destination(to) if isinstance(to, str) else to
    destination.prepare(into)
    checker = _Checker(into)
    task = f"load.{into.name}"
    seen = destination.cursor(task).version
    cell = None if window is None else Slice(WHOLE, cell=window)
    with RowKeys(into, cell) as keys, Spool(keys.schema(checker.schema)) as spool:
        for batch in checker.batches(given):
            spool.add(keys.keyed(batch))
        wanted = Commit(
            commit_id=uuid.uuid4().hex,
            run_id=f"load-{uuid.uuid4().hex[:12]}",
            task=task,
            table=into,
            seen=seen,
            cursor=None,
            loaded_at=datetime.now(UTC),
            batches=partial(_in_window, spool, window),
            windows=() if window is None else (window,),
        )
        return commit(destination, wanted)


def _in_window(spool: Spool, window: date | None) -> Iterator[pa.RecordBatch]:
    for batch in spool.batches():
        yield batch if window is None else with_window(batch, window)


def _rows(rows: Any, into: Table[Any]) -> Iterator[Any]:
    if is_frame(rows):
        return (row for _, row in frames.rows(rows, into.model))
    if isinstance(rows, (str, bytes, Mapping, BaseModel)) or not isinstance(rows, Iterable):
        raise UsageError(
            f"load into {into.name}: rows is a {type(rows).__name__}",
            hint="Give models, dicts, a pandas or polars DataFrame, or Arrow; of one row a list: [row].",
        )
    return iter(rows)


class _Checker:
    """Rows to record batches of the table, each checked against the write contract."""

    def __init__(self, into: Table[Any]) -> None:
        self._into, self._model = into, into.model
        self._encoder = Encoder(into.model)
        several: Any = list[into.model]  # type: ignore[name-defined]  # a type made at run time
        self._adapter: TypeAdapter[list[Any]] = TypeAdapter(several)
        # A model that does not say what it does with unknown fields would lose them in silence.
        self._extra: Literal["forbid"] | None = None if "extra" in into.model.model_config else "forbid"

    @property
    def schema(self) -> pa.Schema:
        return self._encoder.schema

    def batches(self, rows: Iterator[Any]) -> Iterator[pa.RecordBatch]:
        first = 0
        while chunk := self._drawn(rows):
            yield self._batch(chunk, first)
            first += len(chunk)

    def _drawn(self, rows: Iterator[Any]) -> list[Any]:
        try:
            return list(islice(rows, _BATCH))
        except FrameError as error:
            raise BrokenContractError(
                f"load into {self._into.name}: {error}", hint=f"{error.hint} {_NOTHING}"
            ) from error

    def _batch(self, chunk: list[Any], first: int) -> pa.RecordBatch:
        try:
            models = self._adapter.validate_python(chunk, extra=self._extra, by_alias=True, by_name=True)
        except ValidationError as error:
            broken = self._faults(error, chunk)
            raise self._broken(self._rejects(broken, first), first + len(chunk)) from None
        try:
            return self._encoder.encode(models)
        except EncodeError as error:
            unfit: dict[int, list[Fault]] = {}
            for each in list(self._encoder.unfit(models)) or [error]:
                unfit.setdefault(each.row, []).append(Fault(each.column, each.reason))
            raise self._broken(self._rejects(unfit, first), first + len(chunk)) from None

    def _faults(self, error: ValidationError, chunk: list[Any]) -> dict[int, list[Fault]]:
        """By the position of the row in the chunk."""
        personal, faults = personal_paths(self._model), dict[int, list[Fault]]()
        for detail in error.errors(include_url=False):
            number = int(detail["loc"][0])
            scrub = partial(personal.scrub, value=chunk[number])
            faults.setdefault(number, []).append(fault_of(detail, personal, skip=1, scrub=scrub))
        return faults

    def _rejects(self, faults: dict[int, list[Fault]], first: int) -> list[Reject]:
        name = self._model.__name__
        return [Reject(first + number, "write", name, tuple(each)) for number, each in sorted(faults.items())]

    def _broken(self, rejects: list[Reject], judged: int) -> BrokenContractError:
        return BrokenContractError(
            f"load into {self._into.name}: {listed(rejects, of=f'the first {judged:,} rows')}", hint=_NOTHING
        )
