"""Take secrets out of text, in whatever encoding they got into it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
# Shorter values would also hit words that are no secret.
MIN_LENGTH = 8


class Redactor:
    """Replaces every occurrence of the given secrets: plain, URL-, JSON- and base64-encoded.

    Holds the secrets: never print or pickle it.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= MIN_LENGTH for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def __repr__(self) -> str:
        return "Redactor()"

    def __reduce__(self) -> tuple[type[Redactor], tuple[()]]:
        return (Redactor, ())


def _forms(secret: str) -> Iterable[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    raw = secret.encode("utf-8", "surrogatepass")
    for lead in range(3):
        yield from _base64_core(raw, lead)


def _base64_core(raw: bytes, lead: int) -> Iterable[str]:
    """The part of a base64 text that shows `raw` wherever it begins `lead` bytes into a group of three."""
    whole = b"\0" * lead + raw
    first = -(-lead * 8 // 6)  # characters that also hold bits of what stands before
    last = len(whole) * 8 // 6  # those after it also hold bits of what follows
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        core = encode(whole).decode()[first:last]
        if len(core) >= MIN_LENGTH:
            yield core
