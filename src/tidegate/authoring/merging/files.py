"""What becomes of each file that was generated once more. Decides; writes nothing."""

from __future__ import annotations

import ast
import json
import os
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from tidegate.authoring.merging.combining import imports, python, side_by_side
from tidegate.authoring.merging.lines import MergedText, merge_text
from tidegate.authoring.merging.paths import inside
from tidegate.utils.errors import SettingsError

Kind = Literal["new", "updated", "same", "kept", "deleted"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one file. `before` is what is there (None: nothing), `after` what it becomes.

    new: was not there. updated: takes all that is new. same: nothing to do. kept: a hand has changed what
    the new text changes, too; the hand's lines stay, `refused` is what the new text would have there.
    deleted: a hand has deleted it, and it stays so.
    """

    path: PurePosixPath
    kind: Kind
    before: bytes | None
    after: bytes | None
    refused: str = ""

    @property
    def is_written(self) -> bool:
        return self.after is not None and self.after != self.before

    def diff(self) -> str:
        """What changes, as a unified diff; "" where nothing does."""
        return _diff(_shown(self.before), _shown(self.after), self.path) if self.is_written else ""


def merged(
    root: Path, base: Mapping[PurePosixPath, str], new: Mapping[PurePosixPath, str]
) -> tuple[Outcome, ...]:
    """One for each file of `new`, in its order; `base` is what was generated last.

    Raises `UsageError` for a path that leads out of `root`, `SettingsError` for a file that cannot be read.
    """
    return tuple(_outcome(root, path, base.get(path), text) for path, text in new.items())


def _outcome(root: Path, path: PurePosixPath, base: str | None, new: str) -> Outcome:
    before = _read(inside(root, path))
    if before is None:
        if base is None:
            return Outcome(path, "new", None, new.encode())
        return Outcome(path, "deleted", None, None)
    hand = _text(before)
    if hand is None:
        return Outcome(path, "kept", before, before, _diff("(not UTF-8)\n", new, path))
    crlf = "\r\n" in hand and hand.count("\n") == hand.count("\r\n")
    if crlf:  # an editor, or git on another system, wrote it so
        hand = hand.replace("\r\n", "\n")
    result = _merged(path, base, hand, new)
    after = before if result.text == hand else result.text.replace("\n", "\r\n" if crlf else "\n").encode()
    if result.wanted != result.text:
        return Outcome(path, "kept", before, after, _diff(result.text, result.wanted, path))
    return Outcome(path, "same" if after == before else "updated", before, after)


def _merged(path: PurePosixPath, base: str | None, hand: str, new: str) -> MergedText:
    """The merge that leaves a file in working order: the boldest of those that do."""
    if base is None:  # a hand was here before us
        return MergedText(hand, new)
    faults = _FAULTS.get(path.suffix, lambda _: frozenset())
    bold = python if path.suffix == ".py" else side_by_side
    for combine in (bold, imports, _nothing):
        result = merge_text(base, hand, new, combine=combine)
        if result.text == hand or _works(faults, result.text, hand):
            return result
    return MergedText(hand, new)


def _nothing(*_: list[str]) -> None:
    """Combines nothing: the hand wins."""


def _works(faults: Callable[[str], frozenset[str]], text: str, hand: str) -> bool:
    """Whether the file can be read, and is in no way worse than the hand left it."""
    try:
        return not faults(text) or faults(text) <= faults(hand)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False


def _twice(text: str) -> frozenset[str]:
    """Names that a module or class defines twice: where both sides added one, the second hides the first."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef):
            names = Counter(each.name for each in node.body if isinstance(each, _NAMED))
            found |= {name for name, count in names.items() if count > 1}
    return frozenset(found)


def _no_fault(loads: Callable[[str], Any]) -> Callable[[str], frozenset[str]]:
    def faults(text: str) -> frozenset[str]:
        loads(text)
        return frozenset()

    return faults


_NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_FAULTS: Mapping[str, Callable[[str], frozenset[str]]] = {
    ".py": _twice,
    ".json": _no_fault(json.loads),
    ".toml": _no_fault(tomllib.loads),
}


def _read(path: Path) -> bytes | None:
    if not os.path.lexists(path):
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}", hint="Move it out of the way, or make it readable."
        ) from error


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _shown(content: bytes | None) -> str:
    return "" if content is None else content.decode("utf-8", "replace")


def _diff(before: str, after: str, path: PurePosixPath) -> str:
    lines = unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
