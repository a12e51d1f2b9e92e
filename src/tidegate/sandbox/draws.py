"""Where chance comes from: always from the seed and a place, never from how much was drawn before.

So a day of events can be made alone, and request number 17 meets the same fault in every run.
"""

from __future__ import annotations

import hashlib
import random

_MASK = (1 << 64) - 1


def stream(seed: int, *place: object) -> random.Random:
    """A generator of its own for one place."""
    return random.Random("/".join(map(str, (seed, *place))))  # noqa: S311 - made-up data, no secrets


def number(seed: int, *place: object) -> int:
    """64 bits for one place."""
    text = "/".join(map(str, (seed, *place)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def mix(value: int) -> int:
    """64 well-mixed bits of an integer (splitmix64): cheap enough for each of a million rows."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
