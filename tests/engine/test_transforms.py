# mypy: disable-error-code=empty-body
"""What a function says of itself as a transform, and what is made of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel

from tests.engine.shop import ORDERS, AcmeConnector, ApiOrder, CleanOrder, to_clean
from tidegate.contracts.table import Table
from tidegate.engine.context import Context
from tidegate.engine.exceptions import FrameError
from tidegate.engine.tasks import task
from tidegate.engine.transforms import Transform
from tidegate.http_tools.clients import Call

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal as Unknown

    import unheard_of  # type: ignore[import-not-found]  # a name that no run ever has

CONTEXT = Context(run_time=datetime(2026, 3, 1, tzinfo=UTC))
ONE = ApiOrder(id=1, total=2, updatedAt=datetime(2026, 1, 1, tzinfo=UTC))
AnOrder = TypeVar("AnOrder", bound=ApiOrder)


class HasId(Protocol):
    id: int


def row(order: ApiOrder) -> CleanOrder | None: ...
def row_optional(order: ApiOrder | None) -> CleanOrder: ...
def row_several(order: Annotated[ApiOrder, "a note"]) -> Iterator[CleanOrder]: ...
def row_unannotated(order): ...  # type: ignore[no-untyped-def]
def row_open(order: AnOrder) -> Any: ...
def row_protocol(order: HasId) -> CleanOrder: ...
def row_union(order: ApiOrder | BaseModel) -> WriteContractOrNone: ...
def row_default(order: ApiOrder, rate: float = 1.0) -> CleanOrder: ...
def row_context(order: ApiOrder, ctx: Context) -> CleanOrder: ...
def row_context_unannotated(order, ctx): ...  # type: ignore[no-untyped-def]
def row_context_optional(order: ApiOrder, context: Context | None = None) -> CleanOrder: ...
def row_unknown(order: unheard_of.Order | None) -> unheard_of.Clean: ...
def batch(orders: list[ApiOrder]) -> list[CleanOrder]: ...
def batch_sequence(orders: Sequence[ApiOrder]) -> pd.DataFrame: ...
def batch_iterable(orders: Iterable[ApiOrder]) -> pl.DataFrame: ...
def batch_bare(orders: list) -> pa.Table: ...  # type: ignore[type-arg]
def batch_quoted(orders: "list[ApiOrder]") -> "list[CleanOrder]": ...  # noqa: UP037 - text of text
def batch_context(orders: list[ApiOrder], ctx: Context) -> pa.RecordBatch: ...
def batch_only_checked(orders: Collection[Unknown]) -> unheard_of.DataFrame: ...


WriteContractOrNone = CleanOrder | None


class Object:
    def __call__(self, orders: list[ApiOrder], ctx: Context) -> list[CleanOrder]:  # noqa: ARG002
        return [to_clean(order) for order in orders]

    def method(self, order: ApiOrder) -> CleanOrder:
        return to_clean(order)

    @classmethod
    def of_class(cls, orders: Sequence[ApiOrder]) -> list[CleanOrder]:
        return [to_clean(order) for order in orders]

    @staticmethod
    def static(order: ApiOrder, ctx: Context) -> CleanOrder:  # noqa: ARG004
        return to_clean(order)


def converted(rate: float, order: ApiOrder, ctx: Context, *, floor: int) -> CleanOrder:
    return CleanOrder(order_id=order.id, total=max(floor, int(order.total * rate)))


@wraps(batch)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    return batch(*args, **kwargs)


@pytest.mark.parametrize(
    ("function", "is_batch", "takes_context"),
    [
        *(
            (each, False, False)
            for each in (row, row_optional, row_several, row_unannotated, row_open, row_protocol)
        ),
        *((each, False, False) for each in (row_union, row_default, row_unknown, lambda _: None)),
        *((each, False, False) for each in (Object().method, lambda *_: None)),
        *((each, False, True) for each in (row_context, row_context_unannotated, row_context_optional)),
        *((each, False, True) for each in (Object.static, partial(converted, 2.0, floor=3))),
        *((each, True, False) for each in (batch, batch_sequence, batch_iterable, batch_bare)),
        *(
            (each, True, False)
            for each in (batch_only_checked, batch_quoted, Object.of_class, wrapped, partial(batch))
        ),
        *((each, True, True) for each in (batch_context, Object())),
    ],
)
def test_annotations_tell_what_a_transform_takes(
    function: Callable[..., Any], is_batch: bool, takes_context: bool
) -> None:
    found = Transform.of(function, CleanOrder)
    assert (found.batch, found.takes_context) == (is_batch, takes_context)


def test_a_local_model_is_no_obstacle() -> None:
    class ApiLocal(BaseModel): ...

    def local(rows: list[ApiLocal]) -> CleanOrder: ...

    assert Transform.of(local, CleanOrder).batch


class Other(BaseModel):
    id: int


async def asynchronous(order: ApiOrder) -> CleanOrder: ...
async def asynchronous_generator(order: ApiOrder) -> Any:
    yield to_clean(order)


def from_other(row: Other) -> CleanOrder: ...
def wrong_nothing() -> CleanOrder: ...
def wrong_tuple(orders: tuple[ApiOrder, ...]) -> CleanOrder: ...
def wrong_dict(order: dict[str, Any]) -> CleanOrder: ...
def wrong_frame(orders: pd.DataFrame) -> CleanOrder: ...
def wrong_items(orders: list[dict[str, Any]]) -> CleanOrder: ...
def wrong_third(order: ApiOrder, ctx: Context, more: int) -> CleanOrder: ...
def wrong_keyword(order: ApiOrder, *, ctx: Context) -> CleanOrder: ...
def wrong_second(order: ApiOrder, rate: float) -> CleanOrder: ...
def wrong_given(order: ApiOrder) -> Other: ...
def wrong_given_several(order: ApiOrder) -> list[Other]: ...
def wrong_given_dict(orders: list[ApiOrder]) -> list[dict[str, Any]]: ...
def wrong_given_frame(order: ApiOrder) -> pd.DataFrame: ...
def wrong_spelling(order: "list[") -> CleanOrder: ...  # type: ignore[valid-type]  # noqa: F722


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (asynchronous, r"asynchronous is async; write a plain function"),
        (asynchronous_generator, r"is async"),
        (wrong_nothing, r"wrong_nothing takes no argument; write \(order: ApiOrder\) for row by row"),
        (wrong_tuple, r"wrong_tuple takes tuple\[.*; write .*\(orders: list\[ApiOrder\]\)"),
        (wrong_dict, r"takes dict\[str, Any\]; write"),
        (wrong_frame, r"takes DataFrame; write"),
        (wrong_items, r"takes list\[dict\[str, Any\]\]; write"),
        (wrong_third, r"needs more besides; .*ctx: Context"),
        (wrong_keyword, r"needs ctx besides; .*write \(order: ApiOrder, ctx: Context\)"),
        (wrong_second, r"takes float as its second argument; .*ctx: Context"),
        (wrong_given, r"wrong_given gives Other, the table holds CleanOrder; write models"),
        (wrong_given_several, r"gives Other, the table holds CleanOrder"),
        (wrong_given_dict, r"gives dict\[str, Any\], the table holds CleanOrder"),
        (wrong_given_frame, r"gives DataFrame for one row; write .*list\[ApiOrder\]"),
        (wrong_spelling, r"an annotation that cannot be read"),
        ("to_clean", r"is no function"),
    ],
)
def test_a_wrong_transform_is_refused_when_the_task_is_declared(function: Any, message: str) -> None:
    with pytest.raises(TypeError, match=r"task orders: the transform .*" + message):

        @task(transform=function, into=ORDERS)
        def orders(acme: AcmeConnector) -> Call[ApiOrder]: ...


def test_a_transform_of_other_rows_than_the_call_reads_is_refused() -> None:
    with pytest.raises(TypeError, match="its call reads ApiOrder, its transform from_other takes Other"):

        @task(transform=from_other, into=ORDERS)  # type: ignore[arg-type]  # the type checker sees it, too
        def orders(acme: AcmeConnector) -> Call[ApiOrder]: ...


def test_the_context_comes_second_and_only_where_it_is_asked_for() -> None:
    assert Transform.of(to_clean, CleanOrder).bound(CONTEXT) is to_clean
    with_context = Transform.of(partial(converted, 2.0, floor=3), CleanOrder)
    assert with_context.bound(CONTEXT)(ONE) == CleanOrder(order_id=1, total=4)
    assert with_context.call(ONE, CONTEXT) == CleanOrder(order_id=1, total=4)
    seen: list[Context] = []
    Transform.of(lambda _, ctx: seen.append(ctx), CleanOrder).call(ONE, CONTEXT)
    assert seen == [CONTEXT]


@pytest.mark.parametrize(
    ("function", "name"),
    [(to_clean, "to_clean"), (partial(partial(to_clean)), "to_clean"), (Object(), "Object")],
)
def test_a_transform_has_a_name_to_speak_of_it(function: Callable[..., Any], name: str) -> None:
    assert Transform.of(function, CleanOrder).name == name


BATCH = Transform.of(batch, CleanOrder)
MADE = CleanOrder(order_id=1, total=2)


@pytest.mark.parametrize(
    ("made", "several"), [(None, []), (MADE, [MADE]), ([MADE] * 2, [MADE] * 2), (iter([MADE]), [MADE])]
)
def test_models_come_without_a_place(made: Any, several: list[CleanOrder]) -> None:
    assert BATCH.outputs(made, 5) == [(None, each) for each in several]


COLUMNS = {"order_id": [1, 2], "total": [3, 4]}
MAPPINGS = [{"order_id": 1, "total": 3}, {"order_id": 2, "total": 4}]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, pa.RecordBatch.from_pydict])
def test_a_frame_becomes_mappings_with_their_places_where_it_kept_them(make: Callable[..., Any]) -> None:
    assert BATCH.outputs(make(COLUMNS), 2) == [(None, each) for each in MAPPINGS]
    assert BATCH.outputs(make({"_row": [4, 0], **COLUMNS}), 5) == list(zip([4, 0], MAPPINGS, strict=True))


@pytest.mark.parametrize("came", [-1, 5, None, 1.0, True, "1"])
def test_a_place_that_no_row_had_is_refused(came: Any) -> None:
    frame = pd.DataFrame({**COLUMNS, "_row": pd.Series([0, came], dtype=object)})
    with pytest.raises(FrameError, match=r"column '_row', row 1 of the frame: .* positions 0 to 4"):
        BATCH.outputs(frame, 5)


def test_a_table_of_another_model_is_no_table_of_this_transform() -> None:
    with pytest.raises(TypeError, match="task orders: the transform to_clean gives CleanOrder, the table"):

        @task(transform=to_clean, into=Table("others", Other))  # type: ignore[arg-type]
        def orders(acme: AcmeConnector) -> Call[ApiOrder]: ...
