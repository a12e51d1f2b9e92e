"""An API that changes under way: fields renamed, dropped, retyped and added, in all rows or in some."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args

import orjson

Row = dict[str, Any]
What = Literal["rename", "drop", "retype", "add"]

_SPEC = re.compile(
    r"(?:(?P<table>\w+)/)?(?P<what>\w+):(?P<path>[^=@]+)(?:=(?P<to>.*?))?(?:@(?P<percent>\d+(?:\.\d+)?)%)?"
)
_TABLES = (
    "campaigns", "templates", "events", "contacts", "senders", "reports", "blocked_contacts", "lists",
    "folders", "segments", "sms_campaigns", "sms_events", "companies", "deals", "orders", "products",
    "categories",
)  # fmt: skip
_OF_10_000 = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """One change, read from a text: `[TABLE/]WHAT:PATH[=TO][@SHARE%]`.

    `rename:tag=label`, `drop:statistics.globalStats.viewed@1%`, `contacts/retype:id=text`,
    `add:sender.tier=gold`. A path leads through objects by dots and into the items of a list by `[]`.
    `retype` knows text, number, list, null and epoch; what `add` puts there is JSON, or else text. Without
    TABLE it touches every listing that has such rows.
    """

    spec: str
    what: What
    path: tuple[str, ...]
    to: str
    table: str | None = None
    share: float = 1.0

    @classmethod
    def parse(cls, spec: str) -> Change:
        """Raises `ValueError`."""
        found = _SPEC.fullmatch(spec)
        if found is None:
            raise ValueError(f"drift {spec!r}: write [TABLE/]WHAT:PATH[=TO][@SHARE%], as rename:tag=label@1%")
        what, to, table = found["what"], found["to"], found["table"]
        if what not in get_args(What):
            raise ValueError(f"drift {spec!r}: {what} is none of {', '.join(get_args(What))}")
        if (what == "drop") != (to is None):
            raise ValueError(f"drift {spec!r}: {what} takes {'no' if what == 'drop' else 'an'} =TO")
        if table is not None and table not in _TABLES:
            raise ValueError(f"drift {spec!r}: {table} is none of {', '.join(_TABLES)}")
        if what == "retype" and to not in _RETYPES:
            raise ValueError(f"drift {spec!r}: {to} is none of {', '.join(_RETYPES)}")
        path = tuple(found["path"].replace("[]", ".[]").split("."))
        share = float(found["percent"] or 100) / 100
        if not 0 < share <= 1:
            raise ValueError(f"drift {spec!r}: the share must be above 0 and at most 100 %")
        return cls(spec, cast("What", what), path, to or "", table, share)

    def touches(self, row: Row) -> bool:
        """Whether the row is one of the share: the same ones on every page and in every answer."""
        if self.share == 1:
            return True
        identity = orjson.dumps(row.get("id", row))
        return zlib.crc32(identity + self.spec.encode()) % _OF_10_000 < self.share * _OF_10_000

    def apply(self, row: Row) -> None:
        *way, key = self.path
        for parent in _parents(row, way):
            if self.what == "add":
                parent[key] = _json(self.to)
            elif key in parent:
                self._change(parent, key)

    def _change(self, parent: Row, key: str) -> None:
        if self.what == "retype":
            parent[key] = None if parent[key] is None else _RETYPES[self.to](parent[key])
            return
        value = parent.pop(key)
        if self.what == "rename":
            parent[self.to] = value


class Drift:
    """The changes of a sandbox. Whoever sets them holds its lock."""

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self.set(specs)

    def set(self, specs: Iterable[str]) -> None:
        """From now on these, and none of those before."""
        self._changes = [Change.parse(spec) for spec in specs]

    def body(self, table: str, items: str, body: bytes) -> bytes:
        """The body of an answer with rows of a table under the key `items`, as an API sends it that has
        changed.
        """
        changes = [each for each in self._changes if table in _TABLES and each.table in (None, table)]
        if not changes:
            return body
        answer = orjson.loads(body)
        for row in answer.get(items, []):
            touching = [each for each in changes if each.touches(row)]  # before any of them changes it
            for each in touching:
                each.apply(row)
        return orjson.dumps(answer)


def _parents(value: Any, way: list[str]) -> Iterator[Row]:
    """The objects that the way leads to."""
    if not way:
        if isinstance(value, dict):
            yield value
    elif way[0] == "[]":
        for item in value if isinstance(value, list) else []:
            yield from _parents(item, way[1:])
    elif isinstance(value, dict) and way[0] in value:
        yield from _parents(value[way[0]], way[1:])


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float(zlib.crc32(str(value).encode()))


def _epoch(value: Any) -> int:
    try:
        return int(datetime.fromisoformat(str(value)).timestamp())
    except ValueError:
        return 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


_RETYPES: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "list": lambda value: [value],
    "null": lambda _: None,
    "epoch": _epoch,
}
