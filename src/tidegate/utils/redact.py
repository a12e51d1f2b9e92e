"""Take secrets out of text, in whatever encoding they got into it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable

MASK = "[redacted]"
# Shorter values would also hit words that are no secret.
MIN_LENGTH = 8
# The longest way to write one character: four octets of %25252f
_LONGEST_CHARACTER = 28
# In a longer secret (a fetched token) letters and digits are looked for as they stand, which is how every
# encoder leaves them; each character in each spelling would take a second to compile.
_LONG = 128
# In a text that was quoted twice an escape has two or three of them.
_ESCAPE = r"\\{1,3}"
_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", **{each: each for each in "\"'\\/"}}


class Redactor:
    """Replaces every occurrence of the given secrets: plain, URL- and base64-encoded, or as JSON has them.

    Also where an address stands in another one's query, JSON in a text of JSON, and base64 in either.
    `source` gives those that change under way (tokens); it is asked each time, from any thread. Holds the
    secrets: never print or pickle it.
    """

    def __init__(
        self, secrets: Iterable[str] = (), *, source: Callable[[], Iterable[str]] = lambda: ()
    ) -> None:
        self._fixed, self._source = tuple(secrets), source
        self._latest = _Compiled(self._fixed)

    def _compiled(self) -> _Compiled:
        secrets = (*self._fixed, *self._source())
        latest = self._latest  # another thread may put a new one in its place: each is whole
        if latest.secrets != secrets:
            latest = self._latest = _Compiled(secrets)
        return latest

    def __call__(self, text: str) -> str:
        pattern = self._compiled().pattern
        return text if pattern is None else pattern.sub(MASK, text)

    def beginning(self, text: str, size: int) -> str:
        """The first `size` characters of the redacted text, looking no further into it than that takes."""
        compiled = self._compiled()
        if compiled.pattern is None:
            return text[:size]
        shown, at = "", 0
        while at < len(text) and len(shown) < size:
            secret = compiled.pattern.search(text, at, at + size + compiled.longest)
            if secret is None:
                shown, at = shown + text[at : at + size], at + size
            else:
                shown, at = shown + text[at : secret.start()] + MASK, secret.end()
        return shown[:size]

    def error(self, error: BaseException) -> None:
        """Redact the text of an error, and of all that led to it, in place: a traceback shows them."""
        one: BaseException | None = error
        seen = set[int]()
        while one is not None and id(one) not in seen:
            one.args = tuple(self(each) if isinstance(each, str) else each for each in one.args)
            seen.add(id(one))
            one = one.__cause__ or one.__context__

    def __repr__(self) -> str:
        return "Redactor()"

    def __reduce__(self) -> tuple[type[Redactor], tuple[()]]:
        return (Redactor, ())


class _Compiled:
    """The pattern of one set of secrets."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.secrets = secrets
        # the longest first: a secret that begins another must not spare its rest
        ordered = sorted({each for each in secrets if len(each) >= MIN_LENGTH}, key=len, reverse=True)
        patterns = dict.fromkeys(pattern for secret in ordered for pattern in _patterns(secret))
        self.pattern = re.compile("|".join(patterns)) if patterns else None
        self.longest = max(map(len, ordered), default=0) * _LONGEST_CHARACTER


def _patterns(secret: str) -> Iterable[str]:
    """One for each way of writing. In each of them a text has one reading, so that none takes long."""
    yield re.escape(secret)
    yield _spelled(secret, _in_url)
    yield _spelled(secret, _in_quotes)
    for lead in range(3):
        for core in _base64_cores(secret.encode("utf-8", "surrogatepass"), lead):
            yield _spelled(core, _in_either, longest=0)


def _spelled(text: str, ways: Callable[[str], Iterable[str]], longest: int = _LONG) -> str:
    return "".join(
        character
        if len(text) > longest and character.isascii() and character.isalnum()
        else f"(?:{'|'.join(ways(character))})"
        for character in text
    )


def _in_either(character: str) -> Iterable[str]:
    return dict.fromkeys((*_in_url(character), *_in_quotes(character)))


def _in_url(character: str) -> Iterable[str]:
    octets = character.encode("utf-8", "surrogatepass")
    yield "(?i:" + "".join(f"%(?:25){{0,2}}{octet:02x}" for octet in octets) + ")"  # encoded up to thrice
    if character == " ":
        yield r"\+"
    if character != "%":
        yield re.escape(character)


def _in_quotes(character: str) -> Iterable[str]:
    """As JSON, Python's `repr` and their like write it."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    yield "(?i:" + "".join(rf"{_ESCAPE}u{units[at : at + 4]}" for at in range(0, len(units), 4)) + ")"
    if ord(character) < 0x100:
        yield rf"(?i:{_ESCAPE}x{ord(character):02x})"
    if ord(character) > 0xFFFF:
        yield rf"(?i:{_ESCAPE}U{ord(character):08x})"
    if character == "\\":
        yield r"\\\\"
    elif character in _ESCAPES:
        yield _ESCAPE + re.escape(_ESCAPES[character])
    if character != "\\":
        yield re.escape(character)


def _base64_cores(raw: bytes, lead: int) -> Iterable[str]:
    """The part of a base64 text that shows `raw` wherever it begins `lead` bytes into a group of three."""
    whole = b"\0" * lead + raw
    first = -(-lead * 8 // 6)  # characters that also hold bits of what stands before
    last = len(whole) * 8 // 6  # those after it also hold bits of what follows
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        core = encode(whole).decode()[first:last]
        if len(core) >= MIN_LENGTH:
            yield core
