"""Drift while a task runs: each page is looked at before it is built, the whole is compared at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tidegate.engine.drift.baselines import Baselines, masked, read, write
from tidegate.engine.drift.compare import compare
from tidegate.engine.drift.findings import Finding
from tidegate.engine.drift.profile import Profile
from tidegate.engine.drift.profiler import Profiler


@dataclass
class Watch:
    """Of one task of a run, slice after slice: `begin`, `page` for each page, `finish`; or `stood`.

    The profile of a slice is kept in a file beside its part, so that a resumed run knows it.
    """

    model: type[BaseModel]
    run_id: str
    baselines: Baselines
    _done: list[Profile] = field(default_factory=list)
    _current: Profiler | None = None

    def begin(self, slice_id: str) -> None:
        """Of a slice that is begun anew, what was seen before is forgotten."""
        rows = sum(profile.rows for profile in self._done)
        self._current = Profiler(f"{self.run_id}/{slice_id}", before=rows)

    def page(self, rows: list[Any]) -> None:
        if self._current is not None:
            self._current.page(rows)

    def finish(self, file: Path) -> None:
        if self._current is not None:
            profile, self._current = self._current.profile(), None
            self._done.append(profile)
            write(file, masked(profile, self.model).to_json())

    def stood(self, file: Path) -> None:
        """A slice that was done before; where its profile is gone it is not told of."""
        if (found := read(file)) is not None:
            self._done.append(found[1])

    def profile(self) -> Profile:
        """Of all that was seen, the pages of a slice that failed included."""
        seen = [*self._done, *([self._current.profile()] if self._current else [])]
        return Profile().merged(seen)

    def findings(self) -> list[Finding]:
        return compare(self.profile(), self.model, self.baselines.earlier(self.run_id))

    def keep(self, at: datetime) -> None:
        """Make the run one that later runs are compared with: it has loaded."""
        profile = self.profile()
        if profile.rows:
            self.baselines.keep(self.run_id, at, masked(profile, self.model))
