"""Which field that came is one that is missed, under another name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from tidegate.engine.drift import kinds
from tidegate.engine.drift.chance import pooled
from tidegate.engine.drift.places import Entry
from tidegate.engine.drift.profile import Node

# Of the marks below. A field that fell and one that took its part of the rows have one from the start.
_ENOUGH = 1.0
_LIKE_NAMES = 0.6
_MOST_NAMED = 3
_FEW = 0.1  # of the rows: where more have the new name, the old one falls
_SOME = 3  # different values


@dataclass(frozen=True, slots=True)
class Rename:
    """`old` is missed, `new` came; `others` may as well be it."""

    old: Entry
    new: Entry
    others: tuple[str, ...] = ()


def find(
    fallen: Sequence[Entry], missing: Sequence[Entry], standing: Sequence[Entry], unknown: Sequence[Entry]
) -> list[Rename]:
    """Of fields that came less than in earlier runs, fields of the contract that do not come (any more), and
    those that stand as they stood: which of the unknown ones are they?

    `unknown` that came before explain no fall. Each is taken once, by what it is most like.
    """
    fresh = [each for each in unknown if not each.earlier.filled]
    marks = [
        *((_marks_of_fallen(old, new), old, new) for old in fallen for new in fresh),
        *((_marks_of_missing(old, new), old, new) for old in missing for new in unknown),
        *((_marks_of_standing(old, new), old, new) for old in standing for new in fresh),
    ]
    ranked = sorted((each for each in marks if each[0] >= _ENOUGH), key=lambda each: -each[0])
    found: list[Rename] = []
    for mark, old, new in ranked:
        if any(old is each.old or new is each.new for each in found):
            continue
        others = (
            each.key for points, one, each in ranked if one is old and each is not new and points == mark
        )
        found.append(Rename(old, new, tuple(others)[:_MOST_NAMED]))
    return found


def _marks_of_fallen(old: Entry, new: Entry) -> float:
    if not _alike(old.earlier, new.now):
        return 0.0
    return _likeness(old, new) + _took_over(pooled(old.shares).part - old.share.part, new.share.part)


def _took_over(lost: float, gained: float) -> bool:
    return abs(lost - gained) <= 0.05 + 0.1 * lost if lost > _FEW else gained <= 3 * lost


def _marks_of_missing(old: Entry, new: Entry) -> float:
    """With no value of the old field to compare with, the type that the contract gives must do."""
    if old.place is None:
        return 0.0
    if old.earlier.filled:
        return _marks_of_gone(old, new)
    models = old.place.models
    if models:
        keys = {key for slot in old.place.slots for key in slot.keys}
        came = _objects(new.now).fields.keys()
        return 1.0 + len(keys & came) / len(keys | came) if keys & came else 0.0
    types = new.now.types().keys()
    lists = kinds.LIST in types
    types = new.now.items.types().keys() if lists and new.now.items is not None else types
    if not types or kinds.OBJECT in types or (old.place.listed is not lists and old.place.types is not None):
        return 0.0
    if old.place.types is not None and not types <= old.place.types:
        return 0.0
    return 1.0 + like_names(old, new)


def _marks_of_gone(old: Entry, new: Entry) -> float:
    """Renamed before this run: each of the earlier ones had the one or the other."""
    both = any(one.filled and other.filled for one, other in zip(old.before, new.before, strict=True))
    if both or not _took_over(max(share.part for share in old.shares), new.share.part):
        return 0.0
    return 1.0 + _likeness(old, new) if _alike(old.earlier, new.now) else 0.0


def _marks_of_standing(old: Entry, new: Entry) -> float:
    """A field that comes and goes, renamed in few rows, does not fall beyond chance: it must be very like."""
    if not old.earlier.filled or new.share.part > _FEW or not _alike(old.earlier, new.now):
        return 0.0
    return _likeness(old, new)


def _likeness(old: Entry, new: Entry) -> float:
    values, formats = _like_values(old.earlier, new.now), _like_formats(old.earlier, new.now)
    return values + formats + like_names(old, new)


def _alike(old: Node, new: Node) -> bool:
    """Whether most values of one are of a type of the other."""
    types, other = old.types(), new.types()
    shared = sum(count for kind, count in other.items() if types.get(kind, 0) * 20 >= sum(types.values()))
    if not other or shared * 10 < sum(other.values()) * 9:
        return False
    if kinds.OBJECT in other:
        keys, came = old.fields.keys(), new.fields.keys()
        return not keys or not came or len(keys & came) * 2 >= len(keys | came)
    return True


def _objects(node: Node) -> Node:
    return node.items if node.items is not None and not node.objects else node


def _like_values(old: Node, new: Node) -> float:
    """1 where the values of the new field are among the few of the old one; numbers are alike by chance."""
    if not old.values or not new.values or len(new.values) < _SOME:
        return 0.0
    known = sum(count for value, count in new.values.items() if value in old.values)
    texts = all(isinstance(value, str) for value in new.values)
    return 1.0 if texts and known * 10 >= sum(new.values.values()) * 9 else 0.0


def _like_formats(old: Node, new: Node) -> float:
    """A mark for a telling format that most values of both have."""
    telling = (kinds.TEXTS - {kinds.TEXT}) | kinds.EPOCHS
    most = [max(node.kinds, key=lambda kind: node.kinds[kind], default="") for node in (old, new)]
    return 0.5 if most[0] == most[1] and most[0] in telling else 0.0


def like_names(old: Entry, new: Entry) -> float:
    """From 0 to 1; below what is alike it is 0. The field's name in the contract counts as well."""
    names = {*old.keys, *([old.slot.name] if old.slot else [])}
    best = max(_like(name, new.key) for name in names)
    return best if best >= _LIKE_NAMES else 0.0


def _like(one: str, other: str) -> float:
    first, second = _words(one), _words(other)
    if set(first) & set(second) and (set(first) <= set(second) or set(second) <= set(first)):
        return 0.9
    return SequenceMatcher(None, "".join(first), "".join(second)).ratio()


def _words(name: str) -> list[str]:
    spaced: Iterable[str] = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name) or [name]
    return [word.lower() for word in spaced]
