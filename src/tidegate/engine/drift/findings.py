"""A finding: one thing that the API does otherwise than the contract or earlier runs say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["unknown", "vanished", "fell", "type", "format", "value", "rename"]
Level = Literal["warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` is one line for a person, personal examples masked; `mend` are lines of Python, may be empty.

    `path` names keys of the wire: `sender.email`, `items[].sku`. `was`: of a rename, the path before.
    """

    kind: Kind
    path: str
    text: str
    mend: str = ""
    level: Level = "warning"
    was: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"
