"""Lists of EANs: where each one stands, what is wrong with it, and how they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidegate.http_tools.logs import logger
from tidegate.utils.errors import SettingsError

MOST_EANS = 250  # of one request
SEPARATOR = "|"

_EAN = re.compile(r"[0-9]{13}", re.ASCII)
_NAMED = 10  # of what is wrong, in one message


@dataclass(frozen=True, slots=True)
class Listed:
    """An EAN as it was found; `where` tells a person the place: `books.txt line 3`."""

    where: str
    text: str


def fault_of(ean: str) -> str | None:
    """What is wrong with an EAN-13, for a person; None where nothing is."""
    if not _EAN.fullmatch(ean):
        return "is not 13 digits"
    digits = [int(digit) for digit in ean]
    check = -sum(digits[0:12:2], 3 * sum(digits[1:12:2])) % 10
    return None if digits[12] == check else f"ends with {digits[12]}, its other digits ask for {check}"


def distinct(source: str, found: Iterable[Listed], hint: str = "") -> list[str]:
    """The EANs in the order in which they came, each once, without blanks and hyphens.

    Raises `SettingsError` that names those which are none, with `hint` beside its own. One that comes twice
    is asked for once, and named in the log.
    """
    places: dict[str, list[str]] = {}
    wrong: list[str] = []
    for each in found:
        ean = re.sub(r"[\s-]", "", each.text)
        fault = fault_of(ean)
        if fault is not None:
            wrong.append(f"{each.where}: {each.text.strip()[:40]!r} {fault}")
        places.setdefault(ean, []).append(each.where)
    if wrong:
        raise SettingsError(
            f"{source} holds what is no EAN-13: {_some(wrong)}",
            hint=f"Mend or remove them: a list is asked for whole or not at all. {hint}".strip(),
        )
    twice = [f"{ean} ({', '.join(where)})" for ean, where in places.items() if len(where) > 1]
    if twice:
        logger.warning(
            "%s holds EANs more than once, which are asked for once: %s",
            source,
            _some(twice),
            extra={"event": "eans_twice", "source": source, "count": len(twice)},
        )
    return list(places)


def in_batches(eans: Sequence[str]) -> list[str]:
    """As many at once as the API takes, each batch as one text."""
    return [SEPARATOR.join(eans[start : start + MOST_EANS]) for start in range(0, len(eans), MOST_EANS)]


def _some(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - _NAMED:,} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more
