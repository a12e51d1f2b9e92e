"""The mark of personal data on a field, which schemas, masks and encoders look for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

# as_is: the value itself; hash: a keyed hash of it, as text; omit: no column.
Load = Literal["as_is", "hash", "omit"]

_BY_STRICTNESS: tuple[Load, ...] = ("omit", "hash", "as_is")


@dataclass(frozen=True, slots=True)
class Personal:
    """In the annotation of a field: `email: Annotated[str, Personal()]` holds personal data.

    It is masked wherever tidegate shows or keeps a row outside of the table, and the column of a write
    contract says so in its description. `load` is how a write contract loads it.
    """

    load: Load = "as_is"

    def __post_init__(self) -> None:
        if self.load not in _BY_STRICTNESS:
            raise TypeError(f"Personal(load={self.load!r}): none of {', '.join(_BY_STRICTNESS)}")


def strictest(loads: Iterable[Load | None]) -> Load | None:
    """What counts where several marks meet; None where there is none."""
    found = set(loads)
    return next((load for load in _BY_STRICTNESS if load in found), None)


def marked(metadata: Iterable[Any]) -> Load | None:
    """How the marks in the metadata of an annotation load; the class itself stands for `Personal()`."""
    marks = (item() if item is Personal else item for item in metadata)
    return strictest(item.load for item in marks if isinstance(item, Personal))
