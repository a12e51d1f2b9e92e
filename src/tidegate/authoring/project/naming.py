"""What a project may be called: the name of a distribution, as Python's packaging takes it."""

from __future__ import annotations

import re
import unicodedata

from tidegate.utils.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_FALLBACK = "warehouse-workflows"


def project_name(given: str | None, folder: str) -> str:
    """The name that was given, or one made of the folder's. Raises `UsageError` for one that cannot be."""
    if given is None:
        return _made_of(folder)
    if not _NAME.fullmatch(given) or _same(given, "tidegate"):
        raise UsageError(
            f"a project cannot be called {given!r}",
            hint="Take letters a-z, digits, '-', '_' and '.'; a letter or digit at both ends; not tidegate.",
        )
    return given


def _made_of(folder: str) -> str:
    """`Données (2)` gives `donnees-2`. A project of the name of its own dependency could not be installed."""
    plain = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9._]+", "-", plain.lower()).strip("-._")
    return _FALLBACK if not name or _same(name, "tidegate") else name


def _same(one: str, other: str) -> bool:
    return re.sub(r"[-_.]+", "-", one).lower() == other
