"""The user's project: where it begins, and what its `pyproject.toml` says under `[tool.tidegate]`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from tidegate.utils import amounts
from tidegate.utils.errors import SettingsError
from tidegate.utils.home import Home
from tidegate.utils.mirrors.segments import SegmentLimits
from tidegate.utils.secrets import resolved

Build = Literal["auto", "instances", "columnar"]
BUILDS: tuple[Build, ...] = get_args(Build)

# Each setting, with what it must be.
_TEXT = "a string"
_KNOWN = {
    "to": _TEXT,
    "home": _TEXT,
    "workflows": "a list of 'package.module:app'",
    "keep_pages": "a length of time such as '7d'",
    "max_state": "a size such as '10GB'",
    "segment_size": "a size such as '4MB'",
    "segment_age": "a length of time such as '10s'",
    "build": "'auto', 'instances' or 'columnar'",
    "google": "a table: [tool.tidegate.google]",
}
_AMOUNTS = {
    "keep_pages": amounts.seconds,
    "max_state": amounts.size,
    "segment_size": amounts.size,
    "segment_age": amounts.seconds,
}


@dataclass(frozen=True)
class Project:
    """`root` is the nearest folder upward with a `[tool.tidegate]` table, else the folder that was asked.

    `to` and `home` may be `secret://project/name`: then asking for them looks them up.
    """

    root: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def find(cls, start: Path) -> Project:
        """Raises `SettingsError` for a file that is no TOML, and for settings that nobody knows."""
        for folder in (start, *start.parents):
            settings = _read(folder / "pyproject.toml")
            if settings is not None:
                _check(settings, folder / "pyproject.toml")
                return cls(folder, settings)
        return cls(start)

    def home(self, environ: Mapping[str, str]) -> Home:
        """The state folder: `TIDEGATE_HOME`, else `[tool.tidegate] home`, else `.tidegate` in the project."""
        given = environ.get("TIDEGATE_HOME") or self.settings.get("home") or ".tidegate"
        return Home.named(resolved(str(given)), self.root, environ, self.segments)

    @property
    def segments(self) -> SegmentLimits:
        """When a segment of a page log is closed, of a state folder in Cloud Storage."""
        return SegmentLimits(
            amounts.size(self.settings.get("segment_size", "4MB")) or 0,
            amounts.seconds(self.settings.get("segment_age", "10s")) or 0.0,
        )

    @property
    def destination(self) -> str:
        """Where rows go unless `--to` says otherwise."""
        return resolved(str(self.settings.get("to", "warehouse.duckdb")))

    @property
    def workflows(self) -> tuple[str, ...]:
        """Modules of this project's own workflows, `package.module:attribute`."""
        return tuple(self.settings.get("workflows", ()))

    @property
    def build(self) -> Build:
        """How pages become rows: the tasks' own best way, or model instances for all."""
        found: Build = self.settings.get("build", "auto")
        return found

    @property
    def keep_pages_s(self) -> float:
        """How long `gc` leaves the files of a finished run, in seconds: a week, to mend a contract in."""
        return amounts.seconds(self.settings.get("keep_pages", "7d")) or 0.0

    @property
    def max_state_bytes(self) -> int:
        """How large the state folder may be before a run says so, and `gc` takes finished runs early."""
        return amounts.size(self.settings.get("max_state", "10GB")) or 0


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        content = path.read_bytes()
    except OSError:  # none here, or not one that we may read
        return None
    if b"tidegate" not in content:  # a file without a word for us need not even be valid
        return None
    try:
        tool = tomllib.loads(content.decode()).get("tool", {})
    except ValueError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", hint="Mend it there.") from error
    table = tool.get("tidegate") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{path}: tool.tidegate is not a table", hint="Write [tool.tidegate] over it.")
    return table


def _check(settings: Mapping[str, Any], path: Path) -> None:
    """Raise `SettingsError` for settings that nobody knows, or of another type."""
    unknown = sorted(set(settings) - set(_KNOWN))
    if unknown:
        raise SettingsError(
            f"{path}: [tool.tidegate] has unknown settings: {', '.join(unknown)}",
            hint=f"Known: {', '.join(sorted(_KNOWN))}.",
        )
    for name, value in settings.items():
        if not _fits(name, value):
            raise SettingsError(
                f"{path}: [tool.tidegate] {name} is {value!r}", hint=f"It must be {_KNOWN[name]}."
            )


def _fits(name: str, value: Any) -> bool:
    if name == "workflows":
        return isinstance(value, list) and all(isinstance(each, str) and each for each in value)
    if name == "google":  # utils.gcp_settings knows what may stand in it
        return isinstance(value, dict)
    if name == "build":
        return value in BUILDS
    if not isinstance(value, str) or value == "":
        return False
    amount = _AMOUNTS.get(name)
    return amount is None or amount(value) is not None
