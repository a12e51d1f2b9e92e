"""Take secrets out of text, in whatever encoding they got into it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

MASK = "[redacted]"
# Shorter values would also hit words that are no secret.
MIN_LENGTH = 8
# A character of a secret may be written in so many: `\ud83d\ude00` is the longest way to write one.
_LONGEST_CHARACTER = 12


class Redactor:
    """Replaces every occurrence of the given secrets: plain, URL-, JSON- and base64-encoded.

    Holds the secrets: never print or pickle it.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= MIN_LENGTH for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_pattern, longest_first))) if longest_first else None
        self._longest = len(longest_first[0]) * _LONGEST_CHARACTER if longest_first else 0

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def beginning(self, text: str, size: int) -> str:
        """The redacted text, cut to `size`. A text that was itself cut must be longer by a secret's length
        than is to be shown: of a secret that lies across its end only half could be seen.
        """
        return self(text)[:size]

    def __repr__(self) -> str:
        return "Redactor()"

    def __reduce__(self) -> tuple[type[Redactor], tuple[()]]:
        return (Redactor, ())
