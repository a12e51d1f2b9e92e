"""Ways to keep what both sides wrote at one place, without losing a line of a hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence


def side_by_side(old: list[str], mine: list[str], other: list[str]) -> list[str] | None:
    """Where one side did no more than add lines at an end, these stand beside what the other made of the
    rest; those of the hand come first where both only added.
    """
    size = len(old)  # not 0 from the second case on
    if other[:size] == old:
        return [*_ended(mine), *other[size:]]
    if other[-size:] == old:
        return [*other[:-size], *mine]
    if mine[:size] == old:
        return [*_ended(other), *mine[size:]]
    if mine[-size:] == old:
        return [*mine[:-size], *other]
    return None


def imports(old: list[str], mine: list[str], other: list[str]) -> list[str] | None:
    """Where all three are imports of Python: those of the hand, then a line for each name that is new."""
    names = [_imported(each) for each in (old, mine, other)]
    if any(each is None for each in names):
        return None
    before, kept, wanted = (each or [] for each in names)
    return [*_ended(mine), *(f"{each}\n" for each in wanted if each not in before and each not in kept)]


def python(old: list[str], mine: list[str], other: list[str]) -> list[str] | None:
    """Imports, else lines side by side."""
    found = imports(old, mine, other)
    return side_by_side(old, mine, other) if found is None else found


def _imported(lines: Sequence[str]) -> list[str] | None:
    """One import a name, of lines that are nothing but imports."""
    try:
        statements = ast.parse("".join(lines)).body
    except (SyntaxError, ValueError):
        return None
    if not all(isinstance(each, ast.ImportFrom | ast.Import) for each in statements):
        return None
    return [each for statement in statements for each in _one_by_one(statement)]


def _one_by_one(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.ImportFrom | ast.Import):
        whence = (
            f"from {'.' * statement.level}{statement.module or ''} "
            if isinstance(statement, ast.ImportFrom)
            else ""
        )
        for name in statement.names:
            yield f"{whence}import {name.name}" + (f" as {name.asname}" if name.asname else "")


def _ended(lines: list[str]) -> list[str]:
    """With a line end at the end, which the last line of a file may lack."""
    if lines and not lines[-1].endswith("\n"):
        return [*lines[:-1], lines[-1] + "\n"]
    return lines
