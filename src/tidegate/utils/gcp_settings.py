"""Who the Google clients act as, and whom they ask: environment first, then `[tool.tidegate.google]`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tidegate.utils.errors import SettingsError
from tidegate.utils.project import Project
from tidegate.utils.secrets import SCHEME

_PREFIX = "TIDEGATE_GOOGLE_"
# Google's own tools take the first two, stand-ins of Secret Manager the third.
BIGQUERY_EMULATOR = "BIGQUERY_EMULATOR_HOST"
STORAGE_EMULATOR = "STORAGE_EMULATOR_HOST"
SECRET_MANAGER_EMULATOR = "SECRET_MANAGER_EMULATOR_HOST"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class GoogleSettings:
    """Each is `TIDEGATE_GOOGLE_{NAME}` in the environment, or `{name}` in `[tool.tidegate.google]`.

    `impersonate` is the e-mail address of a service account, or several with commas between them: a chain of
    delegates that ends with the one to act as. An endpoint is `https://host`, without a path. An emulator is
    asked without credentials; `emulators` gives its address by the name of its variable.
    """

    impersonate: str | None = None
    quota_project: str | None = None
    bigquery_endpoint: str | None = None
    storage_endpoint: str | None = None
    secret_manager_endpoint: str | None = None
    resource_manager_endpoint: str | None = None
    iam_credentials_endpoint: str | None = None
    emulators: Mapping[str, str] | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str], project: Project) -> GoogleSettings:
        """Raises `SettingsError` for an address that is none, or a setting that nobody knows."""
        table = _table(project)
        names = [each.name for each in fields(cls) if each.name != "emulators"]
        unknown = sorted(set(table) - set(names))
        if unknown:
            raise SettingsError(
                f"[tool.tidegate.google] has unknown settings: {', '.join(unknown)}",
                hint=f"Known: {', '.join(names)}.",
            )
        given = {name: environ.get(_PREFIX + name.upper()) or table.get(name) for name in names}
        emulators = {
            name: _with_scheme(environ[name])
            for name in (BIGQUERY_EMULATOR, STORAGE_EMULATOR, SECRET_MANAGER_EMULATOR)
            if environ.get(name)
        }
        for name, value in given.items():
            _check(name, value)
        return cls(**given, emulators=emulators)

    @classmethod
    def current(cls) -> GoogleSettings:
        """Of this process and of the project in the working folder."""
        return cls.read(os.environ, Project.find(Path.cwd()))

    def emulator(self, name: str) -> str | None:
        """The address, with its scheme, under which the emulator listens; None where none is meant."""
        return (self.emulators or {}).get(name)


def _table(project: Project) -> Mapping[str, Any]:
    table = project.settings.get("google", {})
    return table if isinstance(table, Mapping) else {}


def _with_scheme(address: str) -> str:
    """Google's Python clients want a scheme, those for Go and Java do without: both are taken."""
    return address.rstrip("/") if "://" in address else f"http://{address.rstrip('/')}"


def _check(name: str, value: Any) -> None:
    if value is None:
        return
    shown = f"{_PREFIX}{name.upper()} is {value!r}"
    if not isinstance(value, str):
        raise SettingsError(shown, hint="It must be a string.")
    if value.startswith(SCHEME):  # to look it up takes these very settings
        raise SettingsError(
            shown, hint="Who asks Secret Manager cannot be kept in it: write the value itself."
        )
    if name.endswith("_endpoint"):
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise SettingsError(shown, hint="An endpoint is https://host, without a path.")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise SettingsError(shown, hint="Credentials go over https only; http is for loopback.")
    if name == "impersonate" and not all("@" in each for each in value.split(",")):
        raise SettingsError(
            shown, hint="It must be the address of a service account: name@project.iam.gserviceaccount.com"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
