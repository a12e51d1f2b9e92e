"""Which names an API may have in a project."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection
from pathlib import Path

from tidegate.utils.errors import UsageError

_TAKEN = frozenset({"main", "tidegate"})  # of modules of ours, and of the prefix of our own settings


def check_name(name: str) -> None:
    """Raise `UsageError` for what cannot name packages and a command."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", name) or keyword.iskeyword(name) or name in _TAKEN:
        raise UsageError(
            f"an API cannot be called {name!r}",
            hint="Take letters a-z, digits and _, a letter first; no word of Python, not main, not tidegate.",
        )


def check_free(name: str, root: Path, workflows: Collection[str]) -> None:
    """Raise `UsageError` where something else in the project has the name: one of its `workflows`, or code.

    One that is installed may be replaced: the project's own goes before it.
    """
    if name in workflows:
        raise UsageError(
            f"there is a workflow {name} already",
            hint="Take another name; `tidegate list` shows those in use.",
        )
    for place in (f"connectors/{name}", f"connectors/{name}.py", f"workflows/{name}", f"workflows/{name}.py"):
        if (root / place).exists():
            raise UsageError(
                f"{place} is there already, and `tidegate new` has no record of having made it",
                hint=f"Take another name, or bring back connectors/{name}/generated.json.",
            )
