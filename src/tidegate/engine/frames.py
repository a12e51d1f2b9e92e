"""Frames to rows: a pandas or polars DataFrame or Arrow to mappings of Python values.

What pandas calls missing (NaN, NaT, NA) is None; of polars and Arrow only null is, and NaN stays a number.
A value that would change on the way is an error: nanoseconds, which no column holds, or an integer that was
made a float and is too large for one. An index is no column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo

from tidegate.engine.exceptions import FrameError
from tidegate.engine.frame_values import columns_and_chunks
from tidegate.utils.schemas import columns_of

LINEAGE = "_row"
_EXACT = 2**53  # up to here every integer is a float


@runtime_checkable
class Frame(Protocol):
    """A pandas or polars DataFrame, an Arrow table, record batch or reader."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


def is_frame(given: Any) -> bool:
    return isinstance(given, Frame)


def rows(
    frame: Frame, model: type[BaseModel], *, of: int | None = None
) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """Each row of the frame: the position of the row that it was made of, and a mapping of its fields.

    The columns are held against the fields of `model`; the values are still to be validated. The position,
    among `of` rows, is what a column `_row` holds, which is not in the mapping; without that column, or
    without `of`, it is None. Raises `FrameError`.
    """
    names, chunks = columns_and_chunks(frame)
    _check_names(names)
    _check_fields(frame, [name for name in names if name != LINEAGE], model)
    whole = {column.attribute for column in columns_of(model) if column.kind == "int"}
    first = 0
    for count, columns in chunks:
        by_name = dict(zip(names, columns, strict=True))
        for name in by_name.keys() & whole:
            _check_whole(name, by_name[name], first)
        lineage = by_name.pop(LINEAGE, None)
        origins = [None] * count if lineage is None or of is None else _origins(lineage, first, of)
        fields = tuple(by_name)
        values = zip(*by_name.values(), strict=True) if fields else [()] * count
        for origin, row in zip(origins, values, strict=True):
            yield origin, dict(zip(fields, row, strict=True))
        first += count


def _check_names(names: Sequence[Any]) -> None:
    for name in names:
        if not isinstance(name, str):
            raise FrameError(f"the frame has a column named {name!r}", hint="Name the columns by text.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FrameError(f"the frame has {_listed(twice)} more than once", hint="Keep one of them.")


def _check_fields(frame: Any, names: Sequence[str], model: type[BaseModel]) -> None:
    accepted = {name: _accepted(name, info) for name, info in model.model_fields.items()}
    known = set().union(*accepted.values())
    unknown = [name for name in names if name not in known]
    missing = [
        name
        for name, info in model.model_fields.items()
        if info.is_required() and accepted[name].isdisjoint(names)
    ]
    faults = [f"has {_listed(unknown)}, which {model.__name__} does not know"] if unknown else []
    faults += [f"lacks {_listed(missing)} of {model.__name__}"] if missing else []
    if faults:
        raise FrameError(f"the frame {' and '.join(faults)}", hint=_mend(frame, model, missing))


def _mend(frame: Any, model: type[BaseModel], missing: Collection[str]) -> str:
    hint = f"The fields of {model.__name__}: {', '.join(model.model_fields)}."
    index = getattr(getattr(frame, "index", None), "names", ())  # of pandas
    return hint if set(index).isdisjoint(missing) else f"{hint} reset_index() makes columns of an index."


def _accepted(name: str, info: FieldInfo) -> set[str]:
    """The names under which the model takes a field: its own, and its aliases."""
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    firsts = [choice.path[0] if isinstance(choice, AliasPath) else choice for choice in choices]
    return {name, *(first for first in firsts if isinstance(first, str))}


def _listed(names: Sequence[str]) -> str:
    return ("the column " if len(names) == 1 else "the columns ") + ", ".join(map(repr, names))


def _check_whole(name: str, values: Sequence[Any], first: int) -> None:
    for position, value in enumerate(values):
        if type(value) is float and abs(value) >= _EXACT:
            raise FrameError(
                f"column {name!r}, row {first + position} of the frame: a float, which holds integers"
                " exactly only below 2**53",
                hint="Keep the column in integers, also where values are missing: Int64 in pandas.",
            )


def _origins(lineage: Sequence[Any], first: int, of: int) -> list[int | None]:
    for position, origin in enumerate(lineage):
        if type(origin) is not int or not 0 <= origin < of:
            raise FrameError(
                f"column {LINEAGE!r}, row {first + position} of the frame: {origin!r}, not one of the"
                f" positions 0 to {of - 1} of the rows that came in",
                hint=f"{LINEAGE} says which row a row of the frame was made of; leave it out where none is.",
            )
    return list(lineage)
