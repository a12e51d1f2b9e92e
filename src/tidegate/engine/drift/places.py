"""The two sides of a comparison at one place: where it is, what came there now, what came before."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tidegate.engine.drift.chance import Share
from tidegate.engine.drift.expected import Place, Slot
from tidegate.engine.drift.profile import Keys, Node, together

_PLAIN_KEY = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the rows; `keys` as contracts see it, `text` as a person reads it (`items[].sku`)."""

    keys: Keys = ()
    text: str = ""

    def child(self, key: str) -> Where:
        shown = key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
        return Where((*self.keys, key), f"{self.text}.{shown}" if self.text else shown)

    def items(self) -> Where:
        return Where(self.keys, f"{self.text}[]")


@dataclass(frozen=True)
class Entry:
    """One field of the objects at a place: a slot of the contract, or a key that it does not name.

    `now` and `before` hold what stood there in this run and in each of the earlier ones.
    """

    keys: Keys
    slot: Slot | None
    place: Place | None
    now: Node
    now_of: int
    before: Sequence[Node]
    before_of: Sequence[int]

    @property
    def key(self) -> str:
        """The key that it comes under, or last came under."""
        return self.keys[0]

    @cached_property
    def share(self) -> Share:
        return Share(self.now.filled, self.now_of)

    @cached_property
    def shares(self) -> list[Share]:
        pairs = zip(self.before, self.before_of, strict=True)
        return [Share(node.filled, of) for node, of in pairs if of]

    @cached_property
    def earlier(self) -> Node:
        return together(self.before)

    @property
    def never_came(self) -> bool:
        return not self.now.count and not self.earlier.count


def entry(keys: Keys, slot: Slot | None, place: Place | None, now: Node, before: Sequence[Node]) -> Entry:
    """The keys are ways to name one thing; those that came are put first."""
    came = [key for key in keys if key in now.fields] or [
        key for key in keys if any(key in node.fields for node in before)
    ]
    ordered = tuple(dict.fromkeys((*came, *keys)))
    return Entry(
        ordered,
        slot,
        place,
        _field(now, keys),
        now.objects,
        [_field(node, keys) for node in before],
        [node.objects for node in before],
    )


def _field(parent: Node, keys: Keys) -> Node:
    there = [parent.fields[key] for key in keys if key in parent.fields]
    return there[0] if len(there) == 1 else together(there)
