"""Build: a page's bytes to rows of the write contract in Arrow, both contracts checked on every row.

`Build` is the seam where a faster tier slots in; `InstancesBuild` goes through model instances and serves
every contract and transform.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ValidationError

from tidegate.engine.exceptions import BrokenContractError, TransformError
from tidegate.engine.tasks import Task, as_rows
from tidegate.http_tools.clients import Page
from tidegate.utils.encoding import Encoder
from tidegate.utils.errors import TidegateError
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

    def __init__(self, task: Task[Any, Any, Any]) -> None:
        self._task = task
        self._transform = task.transform
        self._model = task.into.model
        self._encoder = Encoder(self._model)
        self._cursor = attrgetter(task.cursor.field) if task.cursor else None
        self.fingerprint = fingerprint(task)

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
        batch = self._encode(page, out) if out else None
        added = len(out) + dropped - len(rows)
        return Built(batch, len(rows), added, dropped, self._high(page, rows))

    def _check_kind(self, page: Page[Any], position: int, made: list[Any]) -> None:
        for each in made:
            if not isinstance(each, self._model):
                raise TransformError(
                    f"{self._where(page, position)}: the transform gave a {type(each).__name__},"
                    f" not a {self._model.__name__}"
                )

    def _encode(self, page: Page[Any], rows: list[BaseModel]) -> pa.RecordBatch:
        try:
            return self._encoder.encode(rows)
        except TidegateError as error:
            raise BrokenContractError(
                f"{page.call.endpoint} page {page.request.index}: {error}", hint=error.hint
            ) from error

    def _high(self, page: Page[Any], rows: list[Any]) -> datetime | None:
        if self._cursor is None or not rows:
            return None
        values = [value for value in map(self._cursor, rows) if value is not None]
        try:
            return max(values, default=None)
        except TypeError as error:  # naive and aware instants cannot be compared
            raise BrokenContractError(
                f"{page.call.endpoint} page {page.request.index}: instants with and without zone in one page"
                f" of the cursor field of task {self._task.name}",
                hint="Declare it AwareDatetime in the read contract.",
            ) from error

    def _broken(self, page: Page[Any], position: int, error: ValidationError) -> BrokenContractError:
        detail = error.errors()[0]
        field = ".".join(map(str, detail["loc"])) or "(the row)"
        came = "nothing" if detail["type"] == "missing" else _short(repr(detail["input"]))
        more = f" and {error.error_count() - 1} more" if error.error_count() > 1 else ""
        return BrokenContractError(
            f"{self._where(page, position)}: {error.title} field {field}: {detail['msg']}, got {came}{more}",
            hint=f"Mend the transform or the write contract of task {self._task.name}, then run again:"
            " what was fetched stands and is not asked for again.",
        )

    def _failed(self, page: Page[Any], position: int, error: Exception) -> TransformError:
        return TransformError(
            f"{self._where(page, position)}: the transform raised {type(error).__name__}:"
            f" {_short(str(error), 200)}",
            hint=f"Mend {getattr(self._transform, '__name__', 'the transform')}, then run again:"
            " what was fetched stands and is not asked for again.",
        )

    def _where(self, page: Page[Any], position: int) -> str:
        row = page.items[position]
        row_id = row.get("id") if isinstance(row, dict) else None
        which = f" (id {row_id})" if row_id is not None else ""
        return f"{page.call.endpoint} page {page.request.index} row {position}{which}"


def fingerprint(task: Task[Any, Any, Any]) -> str:
    """A digest of all that decides what a page becomes: the sources of transform and write contract,
    the columns, the cursor field, and the version of tidegate.
    """
    digest = hashlib.sha256(__version__.encode())
    for thing in (task.transform, task.into.model):
        digest.update(_source(thing))
    digest.update(repr((task.into.columns, task.cursor)).encode())
    return digest.hexdigest()[:24]


def _source(thing: Any) -> bytes:
    """The source of the module that defines it: helpers beside a transform change what it does, too."""
    from pathlib import Path

    file = getattr(sys.modules.get(thing.__module__), "__file__", None)
    try:
        return Path(file).read_bytes() if file else repr(thing).encode()
    except OSError:
        return repr(thing).encode()


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
