"""Bytes of a page to read models: the whole page at once, and row by row only to name what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from typing_extensions import TypedDict

from tidegate.contracts.faults import expected_and_came, field_name, shortened

R = TypeVar("R", bound=BaseModel)


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


def envelope(items: str | None) -> tuple[str, ...]:
    """The keys that lead to the rows: of `result.data` two, of None (the body is the list) none."""
    return () if items is None else tuple(items.split("."))


class RowsReader(Generic[R]):
    """Reads the rows of a page into `model`; `items` is the key, or the dotted path, that holds them.

    None: the body is the list.

    Made once a call; reading is one call into pydantic-core a page.
    """

    def __init__(self, model: type[R], items: str | None) -> None:
        self._keys = envelope(items)
        listing: Any = list[model]  # type: ignore[valid-type]  # a type made at run time
        shape = listing
        for key in reversed(self._keys):
            shape = _object_with(key, shape)
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
        rows: list[R] = self._rows_of(parsed)
        return rows[seam:] if seam else rows, []

    def _rows_of(self, body: Any) -> Any:
        for key in self._keys:
            body = body[key]
        return body

    def _read_broken(self, body: bytes, seam: int, error: ValidationError) -> tuple[list[R], list[Problem]]:
        depth = len(self._keys)
        details = error.errors()
        if any(len(detail["loc"]) <= depth for detail in details):
            raise error
        rows = self._rows_of(from_json(body))
        problems = [
            _problem(rows[number], number - seam, detail["loc"][depth + 1 :], detail)
            for detail in details
            if isinstance(number := detail["loc"][depth], int) and number >= seam
        ]
        return ([], problems) if problems else (self._rows.validate_json(to_json(rows[seam:])), [])


def _object_with(key: str, value: Any) -> Any:
    return TypedDict("Envelope", {key: value})  # type: ignore[operator]  # a type made at run time


def _problem(row: Any, number: int, path: tuple[int | str, ...], detail: Any) -> Problem:
    row_id = row.get("id") if isinstance(row, dict) else None
    named = None if row_id is None else shortened(str(row_id))
    expected, came = expected_and_came(detail, len(path))
    return Problem(number, field_name(path), expected, came, named)
