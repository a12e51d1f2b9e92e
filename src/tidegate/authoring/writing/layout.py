"""Where code is written to, and how its modules import what they need."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

# The names that users import from the package itself. Built-in modules import them from where they live.
ROOT = {
    "Cursor": "tidegate.contracts.windows",
    "From": "tidegate.engine.over",
    "Map": "tidegate.contracts.map",
    "Personal": "tidegate.contracts.personal",
    "ReadContract": "tidegate.contracts.base",
    "SYNTHETIC_KEY": "tidegate.contracts.table",
    "Table": "tidegate.contracts.table",
    "Window": "tidegate.contracts.windows",
    "Windows": "tidegate.contracts.windows",
    "WriteContract": "tidegate.contracts.base",
    "load": "tidegate.engine.load",
    "task": "tidegate.engine.tasks",
    "workflow": "tidegate.app.workflow",
}


LINE_LENGTH = 110


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the packages `connectors`, `factories` and `workflows` lie.

    `package` is what they are in ("" at the root of a user's project, `tidegate` within tidegate), `source`
    the folder that imports begin in. `present` are files that exist already: of those that several APIs
    share (`connectors/__init__.py`) only the others are written.
    """

    package: str = ""
    source: PurePosixPath = field(default_factory=PurePosixPath)
    tests: PurePosixPath = field(default_factory=lambda: PurePosixPath("tests"))
    present: Collection[PurePosixPath] = field(default_factory=frozenset)

    def module(self, name: str) -> str:
        """`connectors.acme.client` as it is imported."""
        return f"{self.package}.{name}" if self.package else name

    def path(self, module: str) -> PurePosixPath:
        """The file of a module."""
        return self.source.joinpath(*self.module(module).split(".")).with_suffix(".py")

    def home(self, name: str) -> str:
        """The module that a name of tidegate's root is imported from."""
        return ROOT[name] if self.package == "tidegate" else "tidegate"


class Module:
    """A module under way: its docstring, what it imports, and its parts in order."""

    def __init__(self, layout: Layout, docstring: str) -> None:
        self.layout = layout
        self._docstring = docstring
        self._imports: dict[str, set[str]] = {}
        self._parts: list[str] = []

    def use(self, module: str, *names: str) -> None:
        """Names of a library, or of tidegate beside the root's."""
        self._imports.setdefault(module, set()).update(names)

    def use_root(self, *names: str) -> None:
        for name in names:
            self.use(self.layout.home(name), name)

    def use_own(self, module: str, *names: str) -> None:
        """Names of the packages that are written."""
        self.use(self.layout.module(module), *names)

    def add(self, *parts: str) -> None:
        self._parts.extend(parts)

    def text(self) -> str:
        """Formatted but for the lengths of lines and the order of imports."""
        imports = [
            f"from {module} import {', '.join(sorted(n))}" for module, n in sorted(self._imports.items()) if n
        ]
        imports += [f"import {module}" for module, names in self._imports.items() if not names]
        head = [docstring(self._docstring), "from __future__ import annotations", "\n".join(imports)]
        return "\n\n".join(part for part in (*head, *self._parts) if part) + "\n"


def block(lines: Iterable[str], indent: int = 4) -> str:
    """Lines as the body of something; empty ones stay empty."""
    space = " " * indent
    return "\n".join(f"{space}{each}" if each else "" for each in lines)


def docstring(text: str) -> str:
    """Of a module: one line, or several where it has several, or is too long."""
    if len(text) <= LINE_LENGTH - 6 and "\n" not in text:
        return f'"""{text}"""'
    parts = f'"""{text.strip()}'.split("\n\n")
    return "\n\n".join(textwrap.fill(part, LINE_LENGTH - 6) for part in parts) + '\n"""'
