"""The comparison: what came against what the read contract expects, and against what earlier runs saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from tidegate.contracts.base import policy_of
from tidegate.contracts.personal import personal_paths
from tidegate.engine.drift import kinds, mend, renames, telling
from tidegate.engine.drift.chance import Share, has_fallen, has_risen
from tidegate.engine.drift.expected import Place
from tidegate.engine.drift.findings import Finding, Kind, Level
from tidegate.engine.drift.places import Entry, Where, entry
from tidegate.engine.drift.profile import Node, Profile, together
from tidegate.engine.drift.renames import Rename
from tidegate.engine.drift.telling import Teller

# So many objects in which an optional field of the contract never came, before it is missed.
_ENOUGH = 20
# An earlier set of values is taken for an enumeration when it is small and each value came often.
_MOST_VALUES = 16
_OFTEN = 20
_UNIFORM = 0.99
# More keys of an object that may have any are data, not names.
_MOST_NAMES = 60


def compare(profile: Profile, model: type[BaseModel], earlier: Sequence[Profile] = ()) -> list[Finding]:
    """What to tell of a run's rows; `earlier` are the profiles of the runs before it, in any order.

    Warnings touch what the contract knows, and unknown fields where its policy is `warn`; others are notes.
    """
    comparison = _Comparison(model)
    before = [each.root for each in earlier if each.root.count]
    comparison.place(Where(), Place((model,)), profile.root, before)
    return sorted(comparison.findings, key=lambda each: (each.level == "note", each.path, each.kind))


class _Comparison:
    def __init__(self, model: type[BaseModel]) -> None:
        self.findings: list[Finding] = []
        self._tell = Teller(personal_paths(model))
        self._policy = policy_of(model).unknown

    def place(self, where: Where, place: Place | None, now: Node, before: list[Node]) -> None:
        """All that may stand at one place: objects, and the items of lists."""
        if now.objects:
            self._objects(where, place, now, before)
        if now.items is not None:
            items = [node.items for node in before if node.items is not None]
            self._values_of(where.items(), None, place, now.items, items)
            self.place(where.items(), place, now.items, items)

    # -- the fields of objects

    def _objects(self, where: Where, place: Place | None, now: Node, before: list[Node]) -> None:
        known, unknown, free = _entries(place, now, before)
        every = [*known, *unknown, *free]
        fallen = [each for each in every if has_fallen(each.share, each.shares)]
        missing = [
            each for each in known if not each.now.count and each not in fallen and now.objects >= _ENOUGH
        ]
        standing = [each for each in known if each not in fallen and each.share.count]
        came = [each for each in (*unknown, *free) if each.now.count]
        found = renames.find(fallen, missing, standing, came)
        for rename in found:
            self._rename(where, rename)
        explained = [each for rename in found for each in (rename.old, rename.new)]
        for each in every:
            if each in explained:
                continue
            if each in fallen:
                self._fall(where, each)
            elif each in unknown and each.now.count:
                self._unknown(where, place, each)
        for each in every:
            if each.now.count and not any(each is rename.new for rename in found):
                self._field(where, each)

    def _rename(self, where: Where, rename: Rename) -> None:
        old, new = rename.old, rename.new
        there = where.child(new.key)
        fall = f"never came in {old.share.total:,}" if old.never_came else f"is {telling.fall(old)}"
        text = (
            f"looks like {old.key}, renamed: {self._came(there, new)},"
            f" and the contract does not know it, while {old.key} {fall}"
        )
        if rename.others:
            text += f" (or it became {' or '.join(rename.others)})"
        line = mend.renamed(old.slot, new.key) if old.slot else ""
        self._add("rename", there, text, line, _level(old), was=where.child(old.key).text)

    def _came(self, where: Where, each: Entry) -> str:
        examples = self._tell.examples(where, each.now)
        return f"{telling.what(each.now)} in {telling.count(each.share)}{examples}"

    def _fall(self, where: Where, each: Entry) -> None:
        gone = not each.share.count
        text = f"{'no longer comes' if gone else 'comes less'}: {telling.fall(each)}"
        line = mend.optional(each.slot) if each.slot else ""
        self._add("vanished" if gone else "fell", where.child(each.key), text, line, _level(each))

    def _unknown(self, where: Where, place: Place | None, each: Entry) -> None:
        there = where.child(each.key)
        since = (
            "" if not each.shares else " since earlier runs" if each.earlier.count else ", new in this run"
        )
        text = f"the contract does not know it{since}: {self._came(there, each)}"
        line = mend.new_field(place, each.key, each.now) if place is not None else ""
        policy = policy_of(place.models[0]).unknown if place and _is_model(place.models) else self._policy
        self._add("unknown", there, text, line, "note" if policy == "ignore" else "warning")

    # -- what stands in a field

    def _field(self, where: Where, each: Entry) -> None:
        there = where.child(each.key)
        self._values_of(there, each, each.place, each.now, each.before)
        self.place(there, each.place, each.now, list(each.before))

    def _values_of(
        self, where: Where, each: Entry | None, place: Place | None, now: Node, before: Sequence[Node]
    ) -> None:
        if self._types(where, each, place, now, before):
            return
        self._formats(where, each, now, before)
        if place is not None and place.values is not None:
            self._enumeration(where, each, place.values, now)
        elif place is None or not place.free:
            self._small_set(where, now, before)

    def _types(
        self, where: Where, each: Entry | None, place: Place | None, now: Node, before: Sequence[Node]
    ) -> bool:
        """Types of JSON that hardly ever came before, or else that the contract does not name."""
        came = now.types()
        earlier = [(node.types(), node.filled) for node in before if node.filled]
        risen = [
            kind
            for kind, count in came.items()
            if has_risen(Share(count, now.filled), [Share(types.get(kind, 0), of) for types, of in earlier])
        ]
        new = risen or _not_named(place, came)
        if not new:
            return False
        formats = [kind for kind in now.kinds if kinds.TYPE.get(kind) in new]
        share = Share(sum(came[kind] for kind in new), now.filled)
        said = f"{telling.what(together(before))} before" if risen else f"the contract says {_said(place)}"
        shown = self._tell.examples(where, now, formats)
        text = f"{' or '.join(formats)} in {telling.count(share)} values, {said}{shown}"
        line = mend.widened(each.slot, place, now) if each is not None and each.slot and place else ""
        self._add("type", where, text, line, _level(each, place) if risen else "note")
        return True

    def _formats(self, where: Where, each: Entry | None, now: Node, before: Sequence[Node]) -> None:
        """Formats that came in a field which had another one, and only that."""
        earlier = together(before)
        usual = max(earlier.kinds, key=lambda kind: earlier.kinds[kind], default=kinds.NULL)
        family = kinds.EPOCHS if usual in kinds.EPOCHS else kinds.TEXTS
        if usual not in family or earlier.kinds[usual] < _UNIFORM * earlier.filled:
            return
        for kind, count in now.kinds.items():
            if kind == usual or kind not in family:
                continue
            share = Share(count, now.filled)
            if usual == kinds.TEXT and share.part < _UNIFORM:
                continue  # among texts some look like anything
            if has_risen(share, [Share(node.kinds.get(kind, 0), node.filled) for node in before]):
                shown = self._tell.examples(where, now, [kind])
                text = f"{kind} in {telling.count(share)} values, {usual} before{shown}"
                self._add("format", where, text, "", _level(each, each.place if each else None))

    def _enumeration(self, where: Where, each: Entry | None, allowed: frozenset[Any], now: Node) -> None:
        if now.values is None or self._tell.hides(where):
            return
        new = [value for value in now.values if value not in allowed]
        if new:
            count = Share(sum(now.values[value] for value in new), now.filled)
            line = mend.with_values(each.slot, new) if each is not None and each.slot else ""
            shown = ", ".join(self._tell.value(where, value) for value in new)
            text = f"{shown} in {telling.count(count)} values, which the contract does not list"
            self._add("value", where, text, line)

    def _small_set(self, where: Where, now: Node, before: Sequence[Node]) -> None:
        known = together(before).values
        if not known or now.values is None or len(known) > _MOST_VALUES or self._tell.hides(where):
            return
        if sum(known.values()) < _OFTEN * len(known):
            return
        for value, count in now.values.items():
            share = Share(count, now.filled)
            if value not in known and has_risen(share, [Share(0, node.filled) for node in before]):
                shown = ", ".join(sorted(self._tell.value(where, each) for each in known))
                text = f"{self._tell.value(where, value)} in {telling.count(share)} values; before: {shown}"
                self._add("value", where, text, "", "note")

    def _add(
        self,
        kind: Kind,
        where: Where,
        text: str,
        line: str = "",
        level: Level = "warning",
        was: str | None = None,
    ) -> None:
        self.findings.append(Finding(kind, where.text, text, line, level, was))


def _entries(
    place: Place | None, now: Node, before: list[Node]
) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Fields that the contract knows, those that it does not, and those of objects that may have any key."""
    before = [node for node in before if node.objects]
    slots = place.slots if place else []
    known = [
        entry(slot.keys, slot, place.child(slot.keys[0]) if place else None, now, before) for slot in slots
    ]
    named = {key for slot in slots for key in slot.keys}
    if now.crowded or any(node.crowded for node in before):
        return [each for each in known if each.now.count], [], []
    keys = dict.fromkeys((*now.fields, *(key for node in before for key in node.fields)))
    rest = [key for key in keys if key not in named and not (place and key in place.left_out)]
    others = [entry((key,), None, place.child(key) if place else None, now, before) for key in rest]
    if place is not None and not place.free:
        known += [each for each in others if each.place is not None]  # on the way of an AliasPath
        return known, [each for each in others if each.place is None], []
    # keys that are no names are data: days, domains, addresses
    return known, [], others if all(key.isidentifier() for key in rest) and len(rest) <= _MOST_NAMES else []


def _not_named(place: Place | None, came: Iterable[str]) -> list[str]:
    """Types that a contract that names all of its types does not name."""
    if place is None or place.types is None:
        return []
    return [kind for kind in came if kind not in (*place.types, kinds.LIST, kinds.OBJECT)]


def _said(place: Place | None) -> str:
    types = " or ".join(sorted(place.types or ())) if place else ""
    return f"list of {types}" if place and place.listed else types


def _level(each: Entry | None, place: Place | None = None) -> Level:
    """What the contract does not know is not loaded: a change of it is worth a note."""
    return "warning" if (each is not None and each.slot is not None) or place is not None else "note"


def _is_model(models: list[type]) -> bool:
    return bool(models) and issubclass(models[0], BaseModel)
