"""Edits of a `pyproject.toml` as text, so that comments and layout stay as a person made them.

Each edit is read back: what it changes besides what was meant is not given.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

_HEADER = re.compile(
    r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*tidegate[ \t]*\][ \t]*(?:#[^\r\n]*)?(?=\r?$)", re.MULTILINE
)
_NEXT_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_WORKFLOWS = re.compile(r"^[ \t]*workflows[ \t]*=[ \t]*\[", re.MULTILINE)
# A string, a comment, or one other sign: what the elements of an array are made of.
_SIGNS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|.', re.DOTALL)
_ONE_LINE = 100


def settings_table(to: str) -> str:
    """The table of a new project."""
    return f"[tool.tidegate]\nto = {json.dumps(to, ensure_ascii=False)}\nworkflows = []\n"


def tidegate_table(text: str) -> Any:
    """What stands under `tool.tidegate`, or None. Raises `tomllib.TOMLDecodeError`."""
    tool = tomllib.loads(text).get("tool", {})
    return tool.get("tidegate") if isinstance(tool, dict) else None


def with_settings(text: str, to: str) -> str | None:
    """The text with a `[tool.tidegate]` table at its end. None where a table cannot be added like that:
    where `tool` is written as a value, `tool = {...}`.
    """
    line_end = _line_end(text)
    gap = "" if not text or text.endswith("\n") else line_end
    added = settings_table(to).replace("\n", line_end)
    edited = f"{text}{gap}{line_end if text else ''}{added}"
    wanted = tomllib.loads(text)
    tool = wanted.setdefault("tool", {})
    if not isinstance(tool, dict):
        return None
    tool["tidegate"] = {"to": to, "workflows": []}
    return _as_wanted(edited, wanted)


def with_workflow(text: str, reference: str) -> str | None:
    """The text with `reference` (`workflows.acme.main:app`) as the last of `[tool.tidegate] workflows`; the
    same text where it is among them. None where the text has no such table, or not as a table of its own.

    Raises `tomllib.TOMLDecodeError` for text that is no TOML.
    """
    wanted = tomllib.loads(text)
    table = tidegate_table(text)
    header = _HEADER.search(text)
    if not isinstance(table, dict) or header is None:
        return None
    workflows = table.get("workflows", [])
    if not isinstance(workflows, list):
        return None
    if reference in workflows:
        return text
    wanted["tool"]["tidegate"]["workflows"] = [*workflows, reference]
    return _as_wanted(_with_element(text, header.end(), json.dumps(reference)), wanted)


def _with_element(text: str, start: int, element: str) -> str:
    """With one more element in the array `workflows` of the table whose header ends at `start`."""
    line_end = _line_end(text)
    following = _NEXT_HEADER.search(text, start)
    found = _WORKFLOWS.search(text, start, following.start() if following else len(text))
    if found is None:
        return f"{text[:start]}{line_end}workflows = [{element}]{text[start:]}"
    end, needs_comma = _end_of_array(text, found.end())
    inner = text[found.end() : end]
    if "\n" not in inner:
        line = f"{inner.rstrip()}{', ' if needs_comma else ' ' if inner.strip() else ''}{element}"
        if end - text.rfind("\n", 0, end) + len(element) <= _ONE_LINE:
            return f"{text[: found.end()]}{line}{text[end:]}"
        lines = ("", f"    {inner.strip().rstrip(',')},", f"    {element},", "")
        return f"{text[: found.end()]}{line_end.join(lines)}{text[end:]}"
    return _with_line(text, found.end(), end, element, needs_comma=needs_comma)


def _with_line(text: str, start: int, end: int, element: str, *, needs_comma: bool) -> str:
    """With one more line before the bracket at `end`, indented like the line of the element before it."""
    last = _last_sign(text, start, end)
    comma = f"{text[:last]},{text[last:end]}" if needs_comma else text[:end]
    body = comma.rstrip(" \t")
    opening = "" if body.endswith("\n") else _line_end(text)
    indent = re.search(r"\n([ \t]+)\S[^\n]*\n?\s*$", text[start:end])
    return f"{body}{opening}{indent[1] if indent else '    '}{element},{_line_end(text)}{text[end:]}"


def _end_of_array(text: str, start: int) -> tuple[int, bool]:
    """Where its bracket closes, and whether its last element has no comma after it."""
    bare = ""
    for sign in _SIGNS.finditer(text, start):
        if sign[0] == "]":
            return sign.start(), bare not in ("", ",")
        if not sign[0].isspace() and not sign[0].startswith("#"):
            bare = sign[0]
    return len(text), False


def _last_sign(text: str, start: int, end: int) -> int:
    """Behind the last sign that is neither space nor comment."""
    signs = _SIGNS.finditer(text, start, end)
    solid = [each.end() for each in signs if not each[0].isspace() and not each[0].startswith("#")]
    return solid[-1] if solid else start


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _as_wanted(edited: str, wanted: dict[str, Any]) -> str | None:
    try:
        return edited if tomllib.loads(edited) == wanted else None
    except tomllib.TOMLDecodeError:
        return None
