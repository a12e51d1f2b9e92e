"""Bytes of a page to read models: the whole page at once, and row by row only to name what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypedDict

R = TypeVar("R", bound=BaseModel)

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken field of one row: where, what was expected and what came (shortened)."""

    row: int
    field: str
    expected: str
    came: str
    row_id: str | None = None

    def __str__(self) -> str:
        which = f"row {self.row}" + (f" (id {self.row_id})" if self.row_id else "")
        return f"{which}, field {self.field}: {self.expected}, got {self.came}"


class RowsReader(Generic[R]):
    """Reads the rows of a page into `model`; `items` is the envelope key, None where the body is the list.

    Made once a call; reading is one call into pydantic-core a page.
    """

    def __init__(self, model: type[R], items: str | None) -> None:
        self._items = items
        listing: Any = list[model]  # type: ignore[valid-type]  # a type made at run time
        shape = listing if items is None else TypedDict("Envelope", {items: listing})  # type: ignore[operator]
        self._adapter: TypeAdapter[Any] = TypeAdapter(shape)

    def read(self, body: bytes, seam: int = 0) -> tuple[list[R], list[Problem]]:
        """The models of all rows behind the first `seam`, or, where any row is broken, none and why.

        Row numbers count from 0, without the seam.
        """
        try:
            parsed = self._adapter.validate_json(body)
        except ValidationError as error:
            problems = [_problem(detail, seam, self._items is not None) for detail in error.errors()]
            inside = [problem for problem in problems if problem.row >= 0]
            if inside:
                return [], inside
            # only the seam is broken: its rows are the page before's, where they were reported
            raise
        rows: list[R] = parsed if self._items is None else parsed[self._items]
        return rows[seam:] if seam else rows, []


def _problem(detail: Any, seam: int, enveloped: bool) -> Problem:
    path = detail["loc"][1:] if enveloped else detail["loc"]
    row = path[0] - seam if path and isinstance(path[0], int) else 0
    field = ".".join(map(str, path[1:])) or "(the row)"
    if detail["type"] == "missing":
        keys = (
            ", ".join(map(str, detail["input"]))
            if isinstance(detail["input"], dict)
            else type(detail["input"]).__name__
        )
        return Problem(row, field, "required", _short(f"a row with {keys}"), _row_id(detail))
    return Problem(row, field, detail["msg"], _short(repr(detail["input"])), None)


def _row_id(detail: Any) -> str | None:
    row = detail["input"]
    value = row.get("id") if isinstance(row, dict) else None
    return None if value is None else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
