"""Views at a destination: the power to hold them, how one is found there, and what is sent to make it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from tidegate.contracts.view import View
from tidegate.contracts.view_sql import Dialect
from tidegate.destinations.exceptions import DestinationError
from tidegate.utils.columns import Column

Standing = Literal["same", "missing", "other", "broken", "waits", "foreign"]


@dataclass(frozen=True, slots=True)
class ViewState:
    """How a view is found. `missing`: nothing has its name; `other`: tidegate made it of another definition;
    `broken`: it is of this definition and cannot be read; `waits`: a table that it is over is not there yet;
    `foreign`: something of its name is there that tidegate did not make. `about` says which table, or why.
    """

    standing: Standing
    about: str = ""

    @property
    def text(self) -> str:
        return {
            "same": "is as declared",
            "missing": "is not there",
            "other": "is of another definition",
            "broken": f"cannot be read: {self.about}",
            "waits": f"waits for table {self.about}",
            "foreign": f"is not tidegate's: {self.about}",
        }[self.standing]

    @property
    def fits(self) -> bool:
        return self.standing == "same"

    @property
    def is_to_be_made(self) -> bool:
        return self.standing in {"missing", "other", "broken"}


@runtime_checkable
class HoldsViews(Protocol):
    """A further power, of destinations that can hold views."""

    def view_states(self, views: Sequence[View]) -> list[ViewState]:
        """How each is found, in their order. Nothing is written."""
        ...

    def put_view(self, view: View) -> None:
        """Make it, or put it in the place of one of tidegate's of its name, whole or not at all.

        Raises `DestinationError` where it cannot be read then, or a table is missing; what is there of its
        name and not tidegate's is never touched (`ForeignViewError`).
        """
        ...


class ForeignViewError(DestinationError):
    """A table or view of the same name is there that tidegate did not make."""

    def __init__(self, view: str, about: str) -> None:
        super().__init__(
            f"view {view} is not made: {about}", hint="Drop it, or rename it, or give the view another name."
        )


def body(view: View, dialect: Dialect, type_of: Callable[[Column], str]) -> str:
    """The SELECT of a view: each column cast to the type that its contract has for it."""
    casts = (
        f"CAST({dialect.column(each.name)} AS {type_of(each)}) AS {dialect.column(each.name)}"
        for each in view.columns
    )
    return f"SELECT {', '.join(casts)}\nFROM (\n{view.select(dialect)}\n) AS _tidegate_view"


def fingerprint(statement: str) -> str:
    """The same for the same statement: what a view is marked with when it is made."""
    return hashlib.sha256(statement.encode()).hexdigest()[:32]
