"""What people say of each GET route of the measured files: `tests/authoring/labels`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.authoring.description import Paging

TESTS = Path(__file__).resolve().parent.parent.parent / "tests" / "authoring"
OWN = TESTS / "specs"
_FOLLOWED = frozenset({"cursor", "next_url"})


@dataclass(frozen=True, slots=True)
class Label:
    """`items` and `paging` are None for a route that lists nothing; `items` also where nobody can tell."""

    path: str
    is_list: bool
    items: str | None
    paging: Paging | None

    @property
    def is_paged(self) -> bool:
        return self.paging is not None and self.paging.kind != "single"

    @property
    def maximum(self) -> int | None:
        """The largest page, where the file tells one."""
        return self.paging.limit if self.paging else None

    def has(self, found: Paging) -> bool:
        """Whether a listing is walked the same way."""
        return self.paging is not None and walk(self.paging) == walk(found)


def walk(paging: Paging) -> tuple[str | None, ...]:
    """What decides which requests are sent."""
    followed = paging.found_at if paging.kind in _FOLLOWED else None
    return paging.kind, paging.param, paging.limit_param, followed


@dataclass(frozen=True, slots=True)
class Source:
    """One file. `is_own`: invented for these tests."""

    file: Path
    labels: Mapping[str, Label]
    is_own: bool

    @property
    def name(self) -> str:
        """What its connector is called."""
        return re.sub(r"\W+", "_", self.file.stem).strip("_").lower()


def sources() -> list[Source]:
    """Every file with labels. Exits with a message where the vendors' folder is not known."""
    folder = os.environ.get("TIDEGATE_SPECS")
    if not folder:
        raise SystemExit(
            "TIDEGATE_SPECS is not set: it names the folder of the vendors' API descriptions"
            " (brevo/brevo-2026-02.json and the others), which this measures"
        )
    return [
        Source(file, labels, is_own=file.parent == OWN)
        for labelled in ("brevo", "sendgrid", "own")
        for file, labels in _of(OWN if labelled == "own" else Path(folder), labelled).items()
    ]


def _of(folder: Path, labelled: str) -> Mapping[Path, Mapping[str, Label]]:
    found: dict[Path, dict[str, Label]] = {}
    for entry in json.loads((TESTS / "labels" / f"{labelled}.json").read_bytes()):
        found.setdefault(folder / entry["file"], {})[entry["path"]] = _label(entry)
    return found


def _label(entry: Mapping[str, Any]) -> Label:
    paging = Paging(**entry["paging"]) if entry["paging"] else None
    return Label(entry["path"], entry["list"], entry["items"], paging)
