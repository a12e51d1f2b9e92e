"""What came: a profile of decoded rows, key by key, that merges over slices and runs and stays small.

However hostile the rows: at most 2,000 places, 200 keys of one object, 12 levels, text cut at 60 characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tidegate.contracts.faults import shortened
from tidegate.engine.drift import kinds
from tidegate.engine.drift.kinds import LIST, OBJECT, kind_of

Keys = tuple[str, ...]

_VERSION = 1
_MOST_PLACES = 2000
_MOST_KEYS = 200
_DEEPEST = 12
_MOST_VALUES = 24  # distinct ones of a place: an enumeration has fewer
_LONGEST_VALUE = 40
_LONGEST_EXAMPLE = 60
_LONGEST_KEY = 120
_MOST_ITEMS = 20  # of one list, spread over it
_WITHOUT_EXAMPLE = frozenset({OBJECT, LIST, *kinds.NOTHING})
# The kinds of an enumeration's values; one value of a kind in neither set says that there is none.
_ENUMERABLE = frozenset({kinds.TEXT, kinds.INTEGER, kinds.INTEGER_TEXT, kinds.BOOLEAN_TEXT})
_NOT_COUNTED = frozenset({kinds.BOOLEAN, *kinds.NOTHING})


@dataclass(slots=True)
class Node:
    """One place of the rows: what stood there, how often.

    `kinds` counts the values by kind and `examples` has one value of each kind. `values` counts distinct
    short texts and integers, None once there were too many. `fields` are the keys of objects that stood here
    (`crowded`: how many more keys were not kept), `items` what lists held.
    """

    kinds: dict[str, int] = field(default_factory=dict)
    values: dict[Any, int] | None = field(default_factory=dict)
    examples: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Node] = field(default_factory=dict)
    items: Node | None = None
    crowded: int = 0

    @property
    def count(self) -> int:
        return sum(self.kinds.values())

    @property
    def filled(self) -> int:
        """How many values were neither null nor empty text."""
        return self.count - self.kinds.get(kinds.NULL, 0) - self.kinds.get(kinds.EMPTY, 0)

    @property
    def objects(self) -> int:
        return self.kinds.get(OBJECT, 0)

    def types(self) -> dict[str, int]:
        """Counts by type of JSON; null and empty text, which say nothing of a type, left out."""
        found: dict[str, int] = {}
        for kind, count in self.kinds.items():
            if kind not in kinds.NOTHING:
                found[kinds.TYPE[kind]] = found.get(kinds.TYPE[kind], 0) + count
        return found

    def to_json(self) -> dict[str, Any]:
        made: dict[str, Any] = {"kinds": self.kinds, "examples": self.examples, "crowded": self.crowded}
        made["values"] = None if self.values is None else list(map(list, self.values.items()))
        made["fields"] = {key: node.to_json() for key, node in self.fields.items()}
        made["items"] = None if self.items is None else self.items.to_json()
        return {name: value for name, value in made.items() if value or name == "values"}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Node:
        values, items = stored.get("values"), stored.get("items")
        return cls(
            dict(stored.get("kinds", {})),
            None if values is None else dict(values),
            dict(stored.get("examples", {})),
            {key: cls.from_json(node) for key, node in stored.get("fields", {}).items()},
            None if items is None else cls.from_json(items),
            stored.get("crowded", 0),
        )


@dataclass(slots=True)
class Profile:
    """The rows of a page, a slice or a run. `rows` came, `root.count` of them were looked at.

    `add` makes it grow; `merged` gives a new one.
    """

    rows: int = 0
    root: Node = field(default_factory=Node)
    _places: int = 1

    def add(self, row: Any) -> None:
        """Look at one decoded row; does not count it among `rows`."""
        self._see(self.root, row, 0)

    def _see(self, node: Node, value: Any, depth: int) -> None:
        kind = kind_of(value)
        seen = node.kinds
        if kind in seen:
            seen[kind] += 1
        else:
            seen[kind] = 1
            if kind not in _WITHOUT_EXAMPLE:
                node.examples[kind] = _short(value)
        if kind is OBJECT:
            if depth < _DEEPEST:
                self._see_fields(node, value, depth + 1)
        elif kind is LIST:
            if value and depth < _DEEPEST:
                self._see_items(node, value, depth + 1)
        elif node.values is not None and kind not in _NOT_COUNTED:
            _count_value(node, kind, value)

    def _see_fields(self, node: Node, value: dict[str, Any], depth: int) -> None:
        fields, see = node.fields, self._see
        for key, each in value.items():
            if key in fields:
                see(fields[key], each, depth)
            elif (child := self._child(node, key)) is not None:
                see(child, each, depth)

    def _see_items(self, node: Node, value: list[Any], depth: int) -> None:
        if node.items is None:
            self._places += 1
            node.items = Node()
        for each in value[:: -(-len(value) // _MOST_ITEMS)]:
            self._see(node.items, each, depth)

    def _child(self, node: Node, key: str) -> Node | None:
        """The place of a key that is new here; None where there is no room for it."""
        if len(key) > _LONGEST_KEY or len(node.fields) >= _MOST_KEYS or self._places >= _MOST_PLACES:
            node.crowded += 1
            return None
        self._places += 1
        child = node.fields[key] = Node()
        return child

    def merged(self, others: Iterable[Profile]) -> Profile:
        """All of them as one."""
        whole = Profile()
        for each in (self, *others):
            whole.add_profile(each)
        return whole

    def add_profile(self, other: Profile) -> None:
        """Take in what another one has seen; `other` stays as it is."""
        self.rows += other.rows
        _merge(self.root, other.root, self._child)

    def masked(self, personal: Callable[[Keys], bool], mask: Any) -> Profile:
        """A copy to be kept: without the values and examples of places that are personal, or look so."""
        copy = self.merged(())
        for keys, node in walk(copy.root):
            hidden = personal(keys)
            if hidden or any(map(kinds.looks_personal, node.values or ())):
                node.values = None
            for kind, value in node.examples.items():
                node.examples[kind] = mask if hidden or kinds.looks_personal(value) else value
        return copy

    def to_json(self) -> dict[str, Any]:
        return {"v": _VERSION, "rows": self.rows, "root": self.root.to_json()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Profile:
        """Raises `ValueError` for one of another version."""
        if stored.get("v") != _VERSION:
            raise ValueError(f"a profile of version {stored.get('v')}")
        profile = cls(stored["rows"], Node.from_json(stored["root"]))
        profile._places = sum(1 for _ in walk(profile.root))
        return profile


def walk(node: Node, keys: Keys = ()) -> Iterator[tuple[Keys, Node]]:
    """Every place, with the keys that lead to it; the items of a list stand in the place of the list."""
    yield keys, node
    for key, child in node.fields.items():
        yield from walk(child, (*keys, key))
    if node.items is not None:
        yield from walk(node.items, keys)


def _count_value(node: Node, kind: str, value: Any) -> None:
    values = node.values or {}
    if value in values:
        values[value] += 1
    elif kind in _ENUMERABLE and len(values) < _MOST_VALUES and len(str(value)) <= _LONGEST_VALUE:
        node.values = values
        values[value] = 1
    else:
        node.values = None


def together(nodes: Iterable[Node]) -> Node:
    """What stood at several places, as one."""
    return Profile().merged(Profile(root=node) for node in nodes).root


def _merge(into: Node, other: Node, child_of: Callable[[Node, str], Node | None]) -> None:
    for kind, count in other.kinds.items():
        into.kinds[kind] = into.kinds.get(kind, 0) + count
    into.examples = {**other.examples, **into.examples}
    into.values = _both(into.values, other.values)
    into.crowded += other.crowded
    for key, node in other.fields.items():
        child = into.fields.get(key) or child_of(into, key)
        if child is not None:
            _merge(child, node, child_of)
    if other.items is not None:
        into.items = into.items or Node()
        _merge(into.items, other.items, child_of)


def _both(one: dict[Any, int] | None, other: dict[Any, int] | None) -> dict[Any, int] | None:
    if one is None or other is None:
        return None
    whole = {value: one.get(value, 0) + other.get(value, 0) for value in (one | other)}
    return whole if len(whole) <= _MOST_VALUES else None


def _short(value: Any) -> Any:
    return shortened(value, _LONGEST_EXAMPLE) if isinstance(value, str) else value
