"""The nested `statistics` of a campaign, and what the query parameter of that name leaves of it."""

from __future__ import annotations

import random
from typing import Any

from tidegate.sandbox.words import words

# The examples of the vendor leave these out here and there although the schema requires most of them.
_MAY_BE_MISSING = (
    "deferred",
    "returnBounce",
    "estimatedViews",
    "opensRate",
    "appleMppOpens",
    "trackableViews",
    "trackableViewsRate",
)


def statistics(rng: random.Random) -> dict[str, Any]:
    """Made-up numbers of one campaign, smaller ones derived from larger ones."""
    whole: dict[str, Any] = {
        "globalStats": _counts(rng, 0.1),
        "campaignStats": [
            {"listId": rng.randrange(1, 21), **_counts(rng, 0.4)} for _ in range(rng.randrange(1, 3))
        ],
        "mirrorClick": rng.randrange(200),
        "remaining": rng.randrange(1000),
        "linksStats": _links(rng),
        "statsByDomain": {domain: _counts(rng, 0.4) for domain in rng.sample(words().stat_domains, 3)},
    }
    if rng.random() < 0.2:
        whole["statsByBrowser"] = {"Chrome": _few(rng), "Thunderbird": _few(rng)}
        whole["statsByDevice"] = {"desktop": {"Linux": _few(rng)}, "mobile": {"Android": _few(rng)}}
    return whole


def empty_statistics() -> dict[str, Any]:
    """Those of a campaign that was never sent: zeros, no lists, no links."""
    return {
        "globalStats": _core(0, 0, 0),
        "campaignStats": [],
        "mirrorClick": 0,
        "remaining": 0,
        "linksStats": {},
        "statsByDomain": {},
    }


# "campaignStats will always be returned by default" (Brevo's changelog on the parameter).
_ALWAYS = ("campaignStats", "mirrorClick", "remaining")


def only(whole: dict[str, Any], wanted: str | None, *, recent: bool) -> dict[str, Any]:
    """What `statistics=wanted` returns: that part filled, the other optional parts "as empty nodes".

    Without the parameter no part is filled: `globalStats` then holds zeros. The parameter "only returns data
    for events occurred in the last 6 months"; for older campaigns its part is empty, too.
    """
    kept = {key: value for key, value in whole.items() if key in _ALWAYS or (key == wanted and recent)}
    empty = {key: type(value)() for key, value in whole.items()}
    zeros = {"globalStats": _core(0, 0, 0)} if wanted != "globalStats" else {}
    return {**empty, **zeros, **kept}


def _counts(rng: random.Random, missing: float) -> dict[str, float]:
    sent = rng.randrange(100, 40_000)
    delivered = sent - rng.randrange(sent // 20 + 1)
    views = rng.randrange(delivered + 1)
    counts: dict[str, float] = {
        **_core(sent, delivered, views),
        "deferred": rng.randrange(sent // 50 + 1),
        "returnBounce": rng.randrange(10),
        "estimatedViews": views // 3,
        "opensRate": round(100 * views / delivered, 2),
        "appleMppOpens": views // 9,
        "trackableViews": views // 2,
        "trackableViewsRate": round(50 * views / delivered, 2),
    }
    for key in _MAY_BE_MISSING:
        if rng.random() < missing:
            del counts[key]
    return counts


def _core(sent: int, delivered: int, views: int) -> dict[str, int]:
    return {
        "uniqueClicks": views // 8,
        "clickers": views // 7,
        "complaints": sent // 9000,
        "delivered": delivered,
        "sent": sent,
        "softBounces": (sent - delivered) // 2,
        "hardBounces": (sent - delivered) // 3,
        "uniqueViews": views * 3 // 4,
        "unsubscriptions": views // 100,
        "viewed": views,
    }


def _links(rng: random.Random) -> dict[str, object]:
    # The official example has a plain number in one campaign and an object with nbClick in the next.
    wrapped = rng.random() < 0.5
    return {
        link: {"nbClick": rng.randrange(500)} if wrapped else rng.randrange(500)
        for link in rng.sample(words().links, rng.randrange(4))
    }


def _few(rng: random.Random) -> dict[str, int]:
    views = rng.randrange(500)
    return {
        "clickers": views // 7,
        "uniqueClicks": views // 8,
        "uniqueViews": views * 3 // 4,
        "viewed": views,
    }
