"""Bytes of a page to read models: the whole page at once, and row by row only to name what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
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
        self._rows: TypeAdapter[list[R]] = TypeAdapter(listing)
        self._adapter: TypeAdapter[Any] = TypeAdapter(shape)

    def read(self, body: bytes, seam: int = 0) -> tuple[list[R], list[Problem]]:
        """The models of all rows behind the first `seam`, or, where any row is broken, none and why.

        Row numbers count from 0, without the seam, whose rows were the page before's to judge. Raises
        `ValidationError` where the body holds no list of rows.
        """
        try:
            parsed = self._adapter.validate_json(body)
        except ValidationError as error:
            return self._read_broken(body, seam, error)
        rows: list[R] = parsed if self._items is None else parsed[self._items]
        return rows[seam:] if seam else rows, []

    def _read_broken(self, body: bytes, seam: int, error: ValidationError) -> tuple[list[R], list[Problem]]:
        depth = 0 if self._items is None else 1
        details = error.errors()
        if any(len(detail["loc"]) <= depth for detail in details):
            raise error
        envelope = from_json(body)
        rows = envelope if self._items is None else envelope[self._items]
        problems = [
            _problem(rows[number], number - seam, detail["loc"][depth + 1 :], detail)
            for detail in details
            if isinstance(number := detail["loc"][depth], int) and number >= seam
        ]
        return ([], problems) if problems else (self._rows.validate_json(to_json(rows[seam:])), [])


def _problem(row: Any, number: int, path: tuple[int | str, ...], detail: Any) -> Problem:
    came, field = detail["input"], ".".join(map(str, path)) or "(the row)"
    row_id = row.get("id") if isinstance(row, dict) else None
    named = None if row_id is None else _short(str(row_id))
    if detail["type"] != "missing":
        return Problem(number, field, detail["msg"], _short(repr(came)), named)
    keys = ", ".join(map(str, came)) if isinstance(came, dict) else type(came).__name__
    what = "a row" if len(path) == 1 else "an object"
    return Problem(number, field, "required", _short(f"{what} with {keys}"), named)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
