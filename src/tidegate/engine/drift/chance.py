"""Whether a share has changed by more than chance: optional fields come and go, and must not alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma

# So seldom does one comparison see a change where there is none; a run makes some hundred of them.
_BOUND = 1e-5
# What nearly every row had counts as always there: a fall is told however small its part.
_ALWAYS = 0.99
_LASTING = 0.8  # of what comes and goes, the fall must be to less than this part of what it was
_RARE = 0.01
_TENFOLD = 10
_ENOUGH = 20  # rows from which a share says something


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`."""

    count: int
    total: int

    @property
    def part(self) -> float:
        return self.count / self.total if self.total else 0.0


def pooled(shares: Sequence[Share]) -> Share:
    return Share(sum(each.count for each in shares), sum(each.total for each in shares))


def has_risen(now: Share, earlier: Sequence[Share]) -> bool:
    """Whether something that was never there, or hardly ever, comes in a part of the rows beyond chance."""
    before = pooled(earlier)
    if not before.total or now.part < _TENFOLD * max(each.part for each in earlier):
        return False
    return before.part <= _RARE and _tail(now, before) < _BOUND


def has_fallen(now: Share, earlier: Sequence[Share]) -> bool:
    """Whether less comes than in all runs before and in each of them."""
    before = pooled(earlier)
    telling = [each.part for each in earlier if each.total >= _ENOUGH] or [before.part]
    if not before.total or not now.total or now.part >= min(*telling, before.part):
        return False
    if before.part < _ALWAYS and now.part > _LASTING * before.part:
        return False
    missing = Share(now.total - now.count, now.total)
    return _tail(missing, Share(before.total - before.count, before.total)) < _BOUND


def _tail(now: Share, before: Share) -> float:
    """Fisher's exact test, one-sided: how likely `now` has so many or more, were both drawn from one urn.

    It must have the larger part.
    """
    whole, marked = now.total + before.total, now.count + before.count
    most = min(now.total, marked)
    base = _choices(whole, now.total)
    total = 0.0
    for count in range(now.count, most + 1):
        if now.total - count > whole - marked:
            continue
        part = exp(_choices(marked, count) + _choices(whole - marked, now.total - count) - base)
        total += part
        if part <= total * 1e-9:  # the terms fall: there are more than one would expect
            break
    return total


def _choices(of: int, pick: int) -> float:
    """The logarithm of how many ways there are."""
    return lgamma(of + 1) - lgamma(pick + 1) - lgamma(of - pick + 1)
