"""References inside one document: JSON pointers, followed to their end."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tidegate.authoring.exceptions import DescriptionError

_MISSING = object()
_MOST_STEPS = 50
# Keywords whose keys are names that the API chose, and keywords that hold plain values.
_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_VALUES = frozenset({"example", "examples", "default", "enum", "const", "discriminator"})


class Document:
    """A loaded description. `name` is for messages; `notes` collects what was odd and could be lived with."""

    def __init__(self, root: dict[str, Any], name: str) -> None:
        self.root, self.name = root, name
        self.notes: list[str] = []

    def at(self, reference: str) -> Any:
        """What `#/a/b` points at, which may be a reference again; None, and a note, where nothing is there.

        Raises `DescriptionError` for a reference that leaves the file.
        """
        value = self._find(reference)
        if value is _MISSING:
            note = (
                f"The description refers to {reference}, which it does not hold: look up what stands there."
            )
            if note not in self.notes:
                self.notes.append(note)
            return None
        return value

    def follow(self, value: Any) -> dict[str, Any]:
        """The object that `value` is or refers to, over several steps; empty where it is none."""
        for _ in range(_MOST_STEPS):
            if not isinstance(value, dict):
                return {}
            if not isinstance(value.get("$ref"), str):
                return value
            value = self.at(value["$ref"])
        return {}

    def _find(self, reference: str) -> Any:
        file, _, pointer = reference.partition("#")
        if file and file.removeprefix("./") != self.name:
            raise DescriptionError(
                f"{self.name} refers to another file: {reference}",
                hint="Bundle all parts into one file first (`redocly bundle` does that), and give that.",
            )
        if pointer and not pointer.startswith("/"):  # an anchor
            return _MISSING
        value: Any = self.root
        for token in tokens(pointer):
            if isinstance(value, dict) and token in value:
                value = value[token]
            elif isinstance(value, list) and token.isascii() and token.isdigit() and int(token) < len(value):
                value = value[int(token)]
            else:
                return _MISSING
        return value


def tokens(pointer: str) -> list[str]:
    """The steps of a JSON pointer, unescaped: `/paths/~1users/get` -> `paths`, `/users`, `get`."""
    steps = unquote(pointer).split("/")[1:]
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def references_in(schema: Any) -> list[str]:
    """Every reference that stands in a schema, once each; examples and the like are no schemas."""
    found: dict[str, None] = {}
    left = [(schema, False)]
    while left:
        value, names = left.pop()
        if isinstance(value, list):
            left.extend((each, False) for each in reversed(value))
        elif isinstance(value, dict):
            if not names and isinstance(value.get("$ref"), str):
                found[value["$ref"]] = None
            left.extend(
                (value[key], not names and key in _NAMES)
                for key in reversed(value)
                if names or (key not in _VALUES and not key.startswith("x-"))
            )
    return list(found)
