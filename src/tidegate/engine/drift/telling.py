"""Findings in words: counts, kinds and examples; what is personal, or looks so, is masked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tidegate.contracts.faults import shortened
from tidegate.contracts.personal import PersonalPaths
from tidegate.engine.drift import kinds
from tidegate.engine.drift.chance import Share, pooled
from tidegate.engine.drift.places import Entry, Where
from tidegate.engine.drift.profile import Node
from tidegate.utils.redact import MASK

_MOST_KINDS = 3
_MOST_EXAMPLES = 2
_LONGEST = 40


def count(share: Share) -> str:
    """`52 of 5,000`."""
    return f"{share.count:,} of {share.total:,}"


def part(share: Share) -> str:
    """`98.9 %`; never 100 % or 0 % of what is a little less or more."""
    percent = 100 * share.part
    shown = f"{percent:.1f}" if 0.1 <= percent <= 99.9 else f"{percent:.3g}"
    return f"{'100' if share.count == share.total else shown} %"


def fall(entry: Entry) -> str:
    """`filled in 100 % of 20,000 before, now in 4,948 of 5,000`."""
    before = pooled(entry.shares)
    return f"filled in {part(before)} of {before.total:,} before, now in {count(entry.share)}"


def what(node: Node) -> str:
    """`text or integer`: the kinds that came, the most frequent first."""
    came = [kind for kind in _ordered(node) if kind not in kinds.NOTHING]
    shown = [_listed(node) if kind == kinds.LIST else kind for kind in came[:_MOST_KINDS]]
    return " or ".join(shown) or "null"


def _ordered(node: Node) -> list[str]:
    return sorted(node.kinds, key=lambda kind: -node.kinds[kind])


def _listed(node: Node) -> str:
    return "list" if node.items is None else f"list of {what(node.items)}"


class Teller:
    """Shows values of a place, or a mask."""

    def __init__(self, personal: PersonalPaths) -> None:
        self._personal = personal

    def examples(self, where: Where, node: Node, of: Iterable[str] = ()) -> str:
        """`, such as "gold"`, of the kinds asked for or of all; empty where nothing can be shown."""
        wanted = [kind for kind in (of or _ordered(node)) if kind in node.examples]
        shown = dict.fromkeys(self.value(where, node.examples[kind]) for kind in wanted)
        return f", such as {' and '.join(list(shown)[:_MOST_EXAMPLES])}" if shown else ""

    def value(self, where: Where, value: Any) -> str:
        if value == MASK or self._personal.covers(where.keys) or kinds.looks_personal(value):
            return MASK
        return shortened(json.dumps(value, ensure_ascii=False), _LONGEST)

    def hides(self, where: Where) -> bool:
        return self._personal.covers(where.keys)
