"""The mark of personal data on a field, which schemas, masks and encoders look for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

# as_is: the value itself; hash: a keyed hash of it, as text; omit: no column.
Load = Literal["as_is", "hash", "omit"]


@dataclass(frozen=True, slots=True)
class Personal:
    """In the annotation of a field: `email: Annotated[str, Personal()]` holds personal data.

    It is masked wherever tidegate shows or keeps a row outside of the table, and the column of a write
    contract says so in its description. `load` is how a write contract loads it.
    """

    load: Load = "as_is"

    @classmethod
    def among(cls, metadata: Iterable[Any]) -> Personal | None:
        """The mark in the metadata of an annotation; the class itself stands for `Personal()`."""
        found = [cls() if item is cls else item for item in metadata]
        return next((item for item in reversed(found) if isinstance(item, cls)), None)
