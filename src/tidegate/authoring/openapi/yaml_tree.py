"""YAML into plain values, from its events: nothing is constructed, an alias is the very value it stands for.

PyYAML's own loader reads YAML 1.1, in which `no` is false and `2026-01-01` a date; this is the core schema of
YAML 1.2, which OpenAPI asks for.
"""

from __future__ import annotations

import re
from typing import Any

from tidegate.authoring.exceptions import DescriptionError
from tidegate.utils.errors import SettingsError

MOST_DEPTH = 100

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INT = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_STR_TAG = "tag:yaml.org,2002:str"


def tree(text: str, name: str) -> Any:
    """The first document of a YAML text. Raises `DescriptionError`; `SettingsError` without PyYAML."""
    try:
        import yaml
    except ImportError as error:
        raise SettingsError(
            "to read YAML takes PyYAML, which is not installed", hint="pip install 'tidegate[new]'"
        ) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=loader):
            kind = type(event).__name__.removesuffix("Event")
            if kind == "DocumentEnd":
                break
            builder.take(kind, event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        why = getattr(error, "problem", None) or "a character that YAML does not allow"
        raise DescriptionError(f"{name} is no valid YAML: {why}{place}") from error
    return builder.root


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value, self.anchor = value, anchor
        self.key: str | None = None

    def add(self, value: Any, name: str) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is None:
            if not isinstance(value, str):
                raise DescriptionError(f"{name}: a key of a mapping is not a plain word")
            self.key = value
        else:
            self._put(self.key, value)
            self.key = None

    def _put(self, key: str, value: Any) -> None:
        if key != "<<":
            self.value[key] = value
            return
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):  # the keys that stand in the mapping itself win
                self.value.update({name: inner for name, inner in each.items() if name not in self.value})

    @property
    def wants_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None


class _Builder:
    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Open] = []
        self._anchors: dict[str, Any] = {}
        self.root: Any = None

    def take(self, kind: str, event: Any) -> None:
        if kind == "Scalar":
            wants_key = bool(self._open) and self._open[-1].wants_key
            value = event.value if wants_key else _scalar(event)
            self._done(value, event.anchor)
        elif kind == "Alias":
            if event.anchor not in self._anchors:
                raise DescriptionError(f"{self._name}: the alias *{event.anchor} stands for nothing whole")
            self._done(self._anchors[event.anchor], None)
        elif kind in {"SequenceStart", "MappingStart"}:
            if len(self._open) >= MOST_DEPTH:
                raise DescriptionError(f"{self._name} is nested more than {MOST_DEPTH} levels deep")
            self._anchors.pop(event.anchor, None)
            self._open.append(_Open([] if kind == "SequenceStart" else {}, event.anchor))
        elif kind in {"SequenceEnd", "MappingEnd"}:
            ended = self._open.pop()
            self._done(ended.value, ended.anchor)

    def _done(self, value: Any, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value
        if self._open:
            self._open[-1].add(value, self._name)
        else:
            self.root = value


def _scalar(event: Any) -> Any:
    """The value of a scalar: text, but for an unquoted null, boolean or number."""
    text: str = event.value
    if event.tag == _STR_TAG or not event.implicit[0]:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
