"""The three-way merge of a text, by lines: what was generated last, what a hand made of it, what is new.

Where only one side changed something, its change is taken. Where both did, the hand-made lines stay and the
new ones are told; unless something combines the two. No line of a hand is ever lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import Match, SequenceMatcher

_Lines = list[str]

# Pairs of equal lines, up to which texts that both sides changed are aligned: some seconds.
_MOST_PAIRS = 20_000_000


@dataclass(frozen=True, slots=True)
class MergedText:
    """`text` is what the file becomes; `wanted` is how it would be had the new lines won everywhere."""

    text: str
    wanted: str


# Of a region that both sides changed: what it was, is by hand, and would be; lines that serve both, or None.
Combine = Callable[[list[str], list[str], list[str]], list[str] | None]


def merge_text(base: str, hand: str, new: str, *, combine: Combine = lambda *_: None) -> MergedText:
    """`combine` is asked where both sides changed the same lines; where it gives None, the hand wins."""
    if hand in {base, new}:
        return MergedText(new, new)
    if new == base:
        return MergedText(hand, hand)
    parts = [text.splitlines(keepends=True) for text in (base, hand, new)]
    if max(_pairs(parts[0], parts[1]), _pairs(parts[0], parts[2])) > _MOST_PAIRS:
        return MergedText(hand, new)
    text: _Lines = []
    wanted: _Lines = []
    for old, mine, other in _regions(*parts):
        kept, proposed = _resolved(old, mine, other, combine)
        text += kept
        wanted += proposed
    return MergedText("".join(text), "".join(wanted))


def _resolved(old: _Lines, mine: _Lines, other: _Lines, combine: Combine) -> tuple[_Lines, _Lines]:
    """What is kept of a region, and what the new text would have there."""
    if mine == old:
        return other, other
    if other in (old, mine):
        return mine, mine
    both = combine(old, mine, other)
    return (mine, other) if both is None else (both, both)


def _regions(base: _Lines, hand: _Lines, new: _Lines) -> Iterator[tuple[_Lines, _Lines, _Lines]]:
    """The three texts cut into pieces that correspond, in order; every line is in exactly one piece."""
    in_base = in_hand = in_new = 0
    for (a, b, c), length in _in_common(base, hand, new):
        yield base[in_base:a], hand[in_hand:b], new[in_new:c]
        in_base, in_hand, in_new = a + length, b + length, c + length
        yield base[a:in_base], hand[b:in_hand], new[c:in_new]
    yield base[in_base:], hand[in_hand:], new[in_new:]


def _in_common(base: _Lines, hand: _Lines, new: _Lines) -> Iterator[tuple[tuple[int, int, int], int]]:
    """Where runs of lines are the same in all three: where they begin in each, and how many they are."""
    of_hand, of_new = _matches(base, hand), _matches(base, new)
    one = two = 0
    while one < len(of_hand) and two < len(of_new):
        a, b = of_hand[one], of_new[two]
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            yield (start, a.b + start - a.a, b.b + start - b.a), end - start
        if a.a + a.size < b.a + b.size:
            one += 1
        else:
            two += 1


def _matches(base: _Lines, other: _Lines) -> list[Match]:
    """Empty lines are alike everywhere: texts are aligned by the others."""
    return SequenceMatcher(_is_empty, base, other, autojunk=False).get_matching_blocks()


def _pairs(base: _Lines, other: _Lines) -> int:
    counts = Counter(base)
    return sum(counts[each] for each in other if not _is_empty(each))


def _is_empty(line: str) -> bool:
    return not line.strip()
