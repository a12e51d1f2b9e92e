"""The user's project: where it begins, and what its `pyproject.toml` says under `[tool.tidegate]`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegate.utils.errors import SettingsError
from tidegate.utils.home import Home

_KNOWN = {"to", "home", "workflows"}


@dataclass(frozen=True)
class Project:
    """`root` is the nearest folder upward with a `[tool.tidegate]` table, else the folder that was asked."""

    root: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def find(cls, start: Path) -> Project:
        """Raises `SettingsError` for a file that is no TOML, and for settings that nobody knows."""
        for folder in (start, *start.parents):
            settings = _read(folder / "pyproject.toml")
            if settings is not None:
                unknown = sorted(set(settings) - _KNOWN)
                if unknown:
                    raise SettingsError(
                        f"{folder / 'pyproject.toml'}: [tool.tidegate] has unknown settings: {', '.join(unknown)}",
                        hint=f"Known: {', '.join(sorted(_KNOWN))}.",
                    )
                return cls(folder, settings)
        return cls(start)

    def home(self, environ: Mapping[str, str]) -> Home:
        """The state folder: `TIDEGATE_HOME`, else `[tool.tidegate] home`, else `.tidegate` in the project."""
        given = environ.get("TIDEGATE_HOME") or self.settings.get("home")
        return Home(self.root / (given or ".tidegate"))

    @property
    def destination(self) -> str:
        """Where rows go unless `--to` says otherwise."""
        return str(self.settings.get("to", "warehouse.duckdb"))

    @property
    def workflows(self) -> tuple[str, ...]:
        """Modules of this project's own workflows, `package.module:attribute`."""
        named = self.settings.get("workflows", [])
        if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
            raise SettingsError("[tool.tidegate] workflows must be a list of 'package.module:app'")
        return tuple(named)


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        with path.open("rb") as file:
            tool: Any = tomllib.load(file).get("tool", {}).get("tidegate")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    return tool if isinstance(tool, dict) else None
