"""Read models of a page through the transform to Arrow; a row of which anything is bad is rejected whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tidegate.contracts.faults import Scrub, shortened
from tidegate.contracts.map import MapError
from tidegate.contracts.personal import personal_paths
from tidegate.contracts.reading import Reading
from tidegate.contracts.rejects import Fault, Reject, fault_of, row_id
from tidegate.engine.context import Context
from tidegate.engine.exceptions import FrameError, TransformError
from tidegate.engine.transforms import Transform, as_rows
from tidegate.http_tools.clients import Page
from tidegate.utils.encoding import EncodeError, Encoder

if TYPE_CHECKING:
    import pyarrow as pa

_LONGEST = 200  # characters of what an exception of the user's code says


class Making:
    """One page's way. Read models go by their number among the good ones of the page; each write model knows
    the number of the one that it was made of (None: of the page, by a frame without lineage).
    """

    def __init__(
        self, transform: Transform, encoder: Encoder, page: Page[Any], reading: Reading[Any], context: Context
    ) -> None:
        self._transform, self._encoder, self._model = transform, encoder, encoder.model
        self._context = context
        self._page, self._reading = page, reading
        self._function = transform.bound(context)
        self._made: list[Any] = []
        self._origins: list[int | None] = []
        self._rejects: dict[int, Reject] = {}

    def batch(self) -> pa.RecordBatch | None:
        """The rows that the good models become, in order; None where they become none.

        Raises `TransformError` for what is no write model.
        """
        if self._transform.batch:
            self._all_at_once()
        elif (made := self._transform.together(self._reading.models, self._context)) is not None:
            self._made, self._origins = made, list(range(len(made)))
        else:
            self._row_by_row()
        self._take_out_rejected()
        try:
            return self._encoded()
        except EncodeError:
            self._reject_unfit()
            self._take_out_rejected()
            return self._encoded()

    @property
    def rejects(self) -> Iterator[Reject]:
        yield from self._rejects.values()

    @property
    def dropped(self) -> int:
        """Good rows that became none; of a frame without lineage, as many as it is shorter."""
        sources = len(self._made) if None in self._origins else len(set(self._origins))
        return max(0, len(self._reading.models) - len(self._rejects) - sources)

    def _row_by_row(self) -> None:
        model, function = self._model, self._function
        made, origins = self._made, self._origins
        for number, row in enumerate(self._reading.models):
            try:
                given = function(row)
                if type(given) is model:  # the usual case, spared a list
                    made.append(given)
                    origins.append(number)
                    continue
                several = as_rows(given)
            except ValidationError as error:
                self._reject(number, error.title, self._faults(error, number))
            except MapError as error:
                fault = self._raised(error.raised, number, error.field)
                self._reject(number, self._transform.name, (fault,))
            except Exception as error:  # noqa: BLE001 - the user's code may raise anything, about any row
                self._reject(number, self._transform.name, (self._raised(error, number),))
            else:
                for each in several:
                    self._check_kind(each, self._position(number))
                made += several
                origins += [number] * len(several)

    def _all_at_once(self) -> None:
        count = len(self._reading.models)
        try:
            given = self._function(
                list(self._reading.models)
            )  # a list of its own: it may sort it, or empty it
            outputs = self._transform.outputs(given, count)
        except ValidationError as error:
            self._reject(None, error.title, self._faults(error, None))
        except FrameError as error:
            where = f"{self._page.call.endpoint} page {self._page.request.index}"
            raise FrameError(f"{where}: {self._transform.name}: {error}", hint=error.hint) from error
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything
            self._reject(None, self._transform.name, (self._raised(error, None),))
        else:
            for origin, each in outputs:
                self._take(origin, each)
                if self._lost:
                    break

    def _take(self, origin: int | None, given: Any) -> None:
        """One row of what a batch became: a write model, or a mapping that is to become one."""
        if isinstance(given, dict):
            try:
                given = self._model.model_validate(given, by_alias=True, by_name=True)
            except ValidationError as error:
                self._reject(origin, error.title, self._faults(error, origin))
                return
        self._check_kind(given, None if origin is None else self._position(origin))
        self._made.append(given)
        self._origins.append(origin)

    def _reject_unfit(self) -> None:
        faults: dict[int, list[Fault]] = {}
        for error in self._encoder.unfit(self._made):
            faults.setdefault(error.row, []).append(Fault(error.column, error.reason))
        for number, found in sorted(faults.items()):
            self._reject(self._origins[number], self._model.__name__, tuple(found))
            if self._lost:
                break

    @property
    def _lost(self) -> bool:
        """Whether every row is rejected, so that nothing that is still to be judged could be loaded."""
        return len(self._rejects) == len(self._reading.models)

    def _check_kind(self, made: Any, position: int | None) -> None:
        if not isinstance(made, self._model):
            where = "" if position is None else f" row {position}"
            raise TransformError(
                f"{self._page.call.endpoint} page {self._page.request.index}{where}: {self._transform.name}"
                f" gave a {type(made).__name__}, not a {self._model.__name__}",
                hint=f"Mend {self._transform.name}, then run again: what was fetched stands.",
            )

    def _reject(self, origin: int | None, judge: str, faults: tuple[Fault, ...]) -> None:
        """Of an origin that nobody knows, every row of the page is rejected."""
        rows, personal = self._page.items, personal_paths(self._page.call.reads)
        for number in range(len(self._reading.models)) if origin is None else (origin,):
            position = self._position(number)
            reject = Reject(position, "write", judge, faults, row_id(rows[position], personal))
            self._rejects.setdefault(number, reject)

    def _faults(self, error: ValidationError, origin: int | None) -> tuple[Fault, ...]:
        personal, scrub = personal_paths(self._model), self._scrub(origin)
        return tuple(fault_of(detail, personal, scrub=scrub) for detail in error.errors(include_url=False))

    def _raised(self, error: Exception, origin: int | None, field: str = "") -> Fault:
        text = shortened(self._scrub(origin)(str(error)), _LONGEST)
        return Fault(field, f"raised {type(error).__name__}: {text}")

    def _scrub(self, origin: int | None) -> Scrub:
        """Takes the personal values of the row out of a text; of all rows where nobody knows which it was."""
        rows = self._page.items
        source = rows if origin is None else rows[self._position(origin)]
        return partial(personal_paths(self._page.call.reads).scrub, value=source)

    def _position(self, number: int) -> int:
        return self._reading.position(number)

    def _take_out_rejected(self) -> None:
        if not self._rejects:
            return
        if None in self._origins:  # nobody knows which rows are left: all are rejected
            self._made, self._origins = [], []
            return
        numbers = [number for number, origin in enumerate(self._origins) if origin not in self._rejects]
        self._made = [self._made[number] for number in numbers]
        self._origins = [self._origins[number] for number in numbers]

    def _encoded(self) -> pa.RecordBatch | None:
        return self._encoder.encode(self._made) if self._made else None
