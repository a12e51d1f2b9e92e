"""Rows that do not keep a contract: where each stands, what was expected and what came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from tidegate.contracts.faults import Scrub, expected_and_came, field_name, shortened
from tidegate.contracts.personal import PersonalPaths

Stage = Literal["read", "write"]

_LISTED = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a row: the dotted path of the field (empty where it is none's), what was
    expected, and what came, shortened (None where no value is to blame).
    """

    field: str
    expected: str
    came: str | None = None

    def __str__(self) -> str:
        where = f"field {self.field}: " if self.field else ""
        return f"{where}{self.expected}" + ("" if self.came is None else f", got {self.came}")


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that cannot be loaded. `position` counts from 0 on its page, seam rows left out.

    `read`: it breaks the read contract; `write`: what the transform made of it breaks the write contract,
    or the transform itself failed. `judge` is the name of that contract or transform.
    """

    position: int
    stage: Stage
    judge: str
    faults: tuple[Fault, ...]
    row_id: str | None = None

    def __str__(self) -> str:
        more = f" and {len(self.faults) - 1} more" if len(self.faults) > 1 else ""
        return next(self.lines()) + more

    def lines(self) -> Iterator[str]:
        """One for each fault."""
        which = f"row {self.position}" + (f" (id {self.row_id})" if self.row_id is not None else "")
        return (" ".join(f"{which}, {self.judge} {fault}".split()) for fault in self.faults)


def listed(rejects: Sequence[Reject], of: str = "this page") -> str:
    """A line for each error, ten at most, then how many more there are `of` what was judged."""
    lines = list(islice((line for reject in rejects for line in reject.lines()), _LISTED))
    left = sum(len(reject.faults) for reject in rejects) - len(lines)
    if left:
        lines.append(f"and {left:,} more {'error' if left == 1 else 'errors'} of {of}")
    return "\n".join(lines)


def fault_of(detail: Any, personal: PersonalPaths, skip: int = 0, *, scrub: Scrub) -> Fault:
    """Of one detail of a `ValidationError`; `skip` steps of its path lead to the row, `scrub` takes the
    personal values of the row out of a text.
    """
    path = detail["loc"][skip:]
    expected, came = expected_and_came(detail, path, personal, scrub)
    return Fault(field_name(path, personal), expected, came)


def row_id(row: Any, personal: PersonalPaths) -> str | None:
    """What a person would look the row up by, shortened; None where it has no `id`."""
    found = personal.mask(row.get("id"), ("id",)) if isinstance(row, dict) else None
    return None if found is None else shortened(str(found))
