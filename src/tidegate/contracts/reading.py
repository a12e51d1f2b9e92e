"""Bytes of a page to read models: the whole page at once, and row by row only to name what is wrong."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, OnErrorOmit, TypeAdapter, ValidationError
from pydantic_core import from_json
from typing_extensions import TypedDict

from tidegate.contracts.personal import personal_paths
from tidegate.contracts.rejects import Reject, fault_of, row_id

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reading(Generic[R]):
    """The rows of a page behind its seam: the models of the good ones in order, and the others.

    `positions` says where each model's row stands; it is None where every row is good.
    """

    models: list[R]
    rejects: list[Reject]
    positions: list[int] | None = None

    def position(self, model: int) -> int:
        return model if self.positions is None else self.positions[model]

    def only(self, wanted: Container[int]) -> Reading[R]:
        """Of these positions alone."""
        numbers = [number for number in range(len(self.models)) if self.position(number) in wanted]
        return Reading(
            [self.models[number] for number in numbers],
            [reject for reject in self.rejects if reject.position in wanted],
            [self.position(number) for number in numbers],
        )


def envelope(items: str | None) -> tuple[str, ...]:
    """The keys that lead to the rows: of `result.data` two, of None (the body is the list) none."""
    return () if items is None else tuple(items.split("."))


class RowsReader(Generic[R]):
    """Reads the rows of a page into `model`; `items` is the key, or the dotted path, that holds them.

    None: the body is the list.

    Made once a call; reading is one call into pydantic-core a page.
    """

    def __init__(self, model: type[R], items: str | None) -> None:
        self._model = model
        self._keys = envelope(items)
        self._adapter = self._adapter_of(list[model])  # type: ignore[valid-type]  # a type made at run time

    def read(self, body: bytes, seam: int = 0) -> Reading[R]:
        """The rows behind the first `seam`, which were the page before's to judge; positions begin there.

        Raises `ValidationError` where the body holds no list of rows.
        """
        try:
            rows: list[R] = self._rows_of(self._adapter.validate_json(body))
        except ValidationError as error:
            return self._read_broken(body, seam, error)
        return Reading(rows[seam:] if seam else rows, [])

    def decoded(self, body: bytes, seam: int = 0) -> list[Any]:
        """The rows as decoded JSON, integers beyond 64 bits as they are."""
        rows: list[Any] = self._rows_of(from_json(body))
        return rows[seam:]

    def _adapter_of(self, rows: Any) -> TypeAdapter[Any]:
        for key in reversed(self._keys):
            rows = _object_with(key, rows)
        return TypeAdapter(rows)

    @cached_property
    def _good_only(self) -> TypeAdapter[Any]:
        """Reads the good rows from the bytes themselves, so that they are what they are on a sound page."""
        return self._adapter_of(list[OnErrorOmit[self._model]])  # type: ignore[name-defined]

    def _rows_of(self, body: Any) -> Any:
        for key in self._keys:
            body = body[key]
        return body

    def _read_broken(self, body: bytes, seam: int, error: ValidationError) -> Reading[R]:
        depth = len(self._keys)
        faults: dict[int, list[Any]] = {}
        for detail in error.errors(include_url=False):
            if len(detail["loc"]) <= depth or not isinstance(row := detail["loc"][depth], int):
                raise error
            faults.setdefault(row, []).append(detail)
        rows = self.decoded(body)
        good = [row for row in range(len(rows)) if row not in faults]
        models: list[R] = self._rows_of(self._good_only.validate_json(body))
        behind = sum(row < seam for row in good)
        return Reading(
            models[behind:],
            [self._reject(rows[row], row - seam, found) for row, found in faults.items() if row >= seam],
            [row - seam for row in good[behind:]],
        )

    def _reject(self, row: Any, position: int, details: list[Any]) -> Reject:
        personal, skip = personal_paths(self._model), len(self._keys) + 1
        scrub = partial(personal.scrub, value=row)
        faults = tuple(fault_of(detail, personal, skip, scrub=scrub) for detail in details)
        return Reject(position, "read", self._model.__name__, faults, row_id(row, personal))


def _object_with(key: str, value: Any) -> Any:
    return TypedDict("Envelope", {key: value})  # type: ignore[operator]  # a type made at run time
