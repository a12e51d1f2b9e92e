"""Build: a page's bytes to rows of the write contract in Arrow, both contracts checked on every row.

`Build` is the seam where a faster tier slots in; `InstancesBuild` goes through model instances and serves
every contract and transform.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ValidationError

from tidegate.contracts.faults import first_fault, shortened
from tidegate.engine.exceptions import BrokenContractError, TransformError
from tidegate.engine.tasks import Task, as_rows
from tidegate.http_tools.clients import Page
from tidegate.utils.encoding import EncodeError, Encoder
from tidegate.utils.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Built:
    """One page, built: its rows in Arrow (None where there are none) and its share of the accounting sum."""

    batch: pa.RecordBatch | None
    fetched: int
    added: int
    dropped: int
    high: datetime | None


class Build(Protocol):
    """One task's way from page to rows."""

    @property
    def schema(self) -> pa.Schema: ...

    @property
    def fingerprint(self) -> str:
        """Changes with contracts, transform and version: a part with another one is built again."""
        ...

    def page(self, page: Page[Any]) -> Built:
        """Raises `BrokenContractError` or `TransformError`, which name the row; nothing of a page is lost."""
        ...


class InstancesBuild:
    """Read models, the transform row by row, write models, then Arrow column by column."""

    def __init__(self, task: Task[Any, Any, Any], reads: type[BaseModel]) -> None:
        self._task = task
        self._transform = task.transform
        self._model = task.into.model
        self._encoder = Encoder(self._model)
        self._cursor = attrgetter(task.cursor.field) if task.cursor else None
        self.fingerprint = fingerprint(task, reads)

    @property
    def schema(self) -> pa.Schema:
        return self._encoder.schema

    def page(self, page: Page[Any]) -> Built:
        rows = page.parse()
        out: list[Any] = []
        dropped = 0
        model, transform = self._model, self._transform
        for position, row in enumerate(rows):
            try:
                made = transform(row)
                if type(made) is model:  # the usual case, spared a list
                    out.append(made)
                    continue
                several = as_rows(made)
            except ValidationError as error:
                raise self._broken(page, position, error) from error
            except Exception as error:
                raise self._failed(page, position, error) from error
            self._check_kind(page, position, several)
            dropped += not several
            out.extend(several)
        batch = self._encode(page, rows, out) if out else None
        added = len(out) + dropped - len(rows)
        return Built(batch, len(rows), added, dropped, self._high(page, rows))

    def _check_kind(self, page: Page[Any], position: int, made: list[Any]) -> None:
        for each in made:
            if not isinstance(each, self._model):
                raise TransformError(
                    f"{self._where(page, position)}: the transform gave a {type(each).__name__},"
                    f" not a {self._model.__name__}"
                )

    def _encode(self, page: Page[Any], rows: list[Any], out: list[Any]) -> pa.RecordBatch:
        try:
            return self._encoder.encode(out)
        except EncodeError as error:
            where = self._where(page, self._origin(rows, error.row))
            raise BrokenContractError(
                f"{where}: {self._model.__name__} column {error.column}: {error.reason}", hint=self._mend()
            ) from error

    def _origin(self, rows: list[Any], made: int) -> int:
        """The position of the row that the transform made row `made` of."""
        for position, row in enumerate(rows):
            made -= len(as_rows(self._transform(row)))
            if made < 0:
                return position
        return len(rows) - 1

    def _high(self, page: Page[Any], rows: list[Any]) -> datetime | None:
        if self._cursor is None:
            return None
        highest: datetime | None = None
        for position, value in enumerate(map(self._cursor, rows)):
            if value is None:
                continue
            if not isinstance(value, datetime) or value.tzinfo is None:
                raise BrokenContractError(
                    f"{self._where(page, position)}: the cursor of task {self._task.name} is {value!r},"
                    " no instant with a time zone",
                    hint="Declare the cursor's field AwareDatetime in the read contract.",
                )
            highest = value if highest is None else max(highest, value)
        return highest

    def _mend(self) -> str:
        transform = getattr(self._transform, "__name__", "the transform")
        return (
            f"Mend {transform} or the write contract {self._model.__name__}, then run again:"
            " what was fetched stands and is not asked for again."
        )

    def _broken(self, page: Page[Any], position: int, error: ValidationError) -> BrokenContractError:
        more = f" and {error.error_count() - 1} more" if error.error_count() > 1 else ""
        return BrokenContractError(
            f"{self._where(page, position)}: {error.title} {first_fault(error)}{more}", hint=self._mend()
        )

    def _failed(self, page: Page[Any], position: int, error: Exception) -> TransformError:
        return TransformError(
            f"{self._where(page, position)}: the transform raised {type(error).__name__}:"
            f" {shortened(str(error), 200)}",
            hint=self._mend(),
        )

    def _where(self, page: Page[Any], position: int) -> str:
        row = page.items[position]
        row_id = row.get("id") if isinstance(row, dict) else None
        which = f" (id {row_id})" if row_id is not None else ""
        return f"{page.call.endpoint} page {page.request.index} row {position}{which}"


def fingerprint(task: Task[Any, Any, Any], reads: type[BaseModel]) -> str:
    """A digest of all that decides what a page becomes: transform, both contracts with the sources of the
    modules that they are made in, columns, cursor field, and the version of tidegate.
    """
    digest = hashlib.sha256(__version__.encode())
    digest.update(_code(task.transform))
    for model in (reads, task.into.model):
        for each in model.__mro__:
            digest.update(_source(each.__module__))
        digest.update(_plain(model.model_fields))
    digest.update(_plain((task.into.columns, task.cursor)))
    return digest.hexdigest()[:24]


def _code(transform: Any) -> bytes:
    """What makes a transform do what it does: its module, for the helpers beside it, and what it holds."""
    if isinstance(transform, partial):
        return _code(transform.func) + _plain((transform.args, sorted(transform.keywords.items())))
    if not isinstance(transform, FunctionType):
        return _source(type(transform).__module__) + _plain(vars(transform))
    code, held = transform.__code__, [cell.cell_contents for cell in transform.__closure__ or ()]
    holds = (transform.__qualname__, transform.__defaults__, transform.__kwdefaults__, code.co_consts, held)
    return _source(transform.__module__) + code.co_code + _plain(holds)


def _plain(value: Any) -> bytes:
    """Its text, less the addresses that change from process to process."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value)).encode()


def _source(module: str) -> bytes:
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return Path(file).read_bytes() if file and file.endswith(".py") else module.encode()
    except OSError:
        return module.encode()
