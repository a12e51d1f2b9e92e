"""The text the data is made of. It lives in `words.json`, because it is data: quotes, accents, emoji."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import orjson

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """Names come with the form that an e-mail address takes, senders with their address."""

    first_names: tuple[Pair, ...]
    last_names: tuple[Pair, ...]
    cities: tuple[str, ...]
    domains: tuple[str, ...]
    subjects: tuple[str, ...]
    tags: tuple[str, ...]
    names: tuple[str, ...]
    senders: tuple[Pair, ...]
    reasons: tuple[str, ...]
    links: tuple[str, ...]
    stat_domains: tuple[str, ...]
    html: tuple[str, ...]


@cache
def words() -> Words:
    """Read once a process."""
    text = resources.files("tidegate.sandbox").joinpath("words.json").read_bytes()
    loaded: dict[str, list[str | list[str]]] = orjson.loads(text)
    fixed = {
        key: tuple(tuple(item) if isinstance(item, list) else item for item in items)
        for key, items in loaded.items()
    }
    return Words(**fixed)  # type: ignore[arg-type]  # the file's shape; a test reads every field
