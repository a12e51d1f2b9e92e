"""What one of Google's errors says: status, reason and words, scrubbed of anything like a credential."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_LONGEST = 600
# A session of a resumable upload is a URL that needs no other credential: queries are cut off whole.
_SECRETS = (
    (re.compile(r"(https?://[^\s?'\"]+|/[^\s?'\"]*)\?[^\s'\")]*"), r"\1"),
    (re.compile(r"\b(ya29\.|AIza|GOCSPX-|1//)[\w.-]+"), "[redacted]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]+)?"), "[redacted]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [redacted]"),
    (re.compile(r"-----BEGIN [^-]+-----.*?(-----END [^-]+-----|\Z)", re.DOTALL), "[redacted]"),
    (
        re.compile(r"(?i)((?:access|refresh|id)_token|client_secret|assertion)(\W{1,5})[^\s'\",}&]+"),
        r"\1\2[redacted]",
    ),
)


@dataclass(frozen=True)
class Facts:
    """`code` is the HTTP status, also of a gRPC error; None where no answer came."""

    error: Exception
    code: int | None
    reason: str | None
    text: str

    def says(self, pattern: str) -> bool:
        return re.search(pattern, self.text, re.IGNORECASE) is not None


def facts_of(error: Exception) -> Facts:
    code = getattr(error, "code", None)
    raw = re.sub(r"^[A-Z]+ https?://\S+: ", "", str(getattr(error, "message", None) or error))
    told = _document(raw)
    reason = next(_reasons(error, told), None)
    text = " ".join(scrubbed(str(told.get("message") or raw)).split())
    text = text.partition(": ('Request failed with status code'")[0]
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} ..."
    return Facts(error, int(code) if isinstance(code, int) else None, reason, text or type(error).__name__)


def _document(text: str) -> dict[str, Any]:
    """The error of a message that is an answer in JSON, as Cloud Storage's client has it for uploads."""
    if not text.startswith("{"):
        return {}
    try:
        found = json.JSONDecoder().raw_decode(text)[0].get("error")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reasons(error: Exception, told: dict[str, Any]) -> Iterator[str]:
    """Of the ErrorInfo, then of the list of errors, which only the older JSON APIs give."""
    if isinstance(reason := getattr(error, "reason", None), str):
        yield reason
    for listed in (getattr(error, "errors", None), told.get("errors")):
        for each in listed if isinstance(listed, Iterable) else ():
            if isinstance(each, dict) and isinstance(each.get("reason"), str):
                yield each["reason"]


def scrubbed(text: str) -> str:
    """The text without queries of URLs, tokens and keys."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def scrub(error: BaseException) -> None:
    """Do so in place for an error and what led to it, so that a traceback shows none either."""
    one: BaseException | None = error
    seen = set[int]()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        one.args = tuple(_plain(each) for each in one.args)
        for name in ("message", "_cause"):
            if isinstance(held := getattr(one, name, None), str):
                setattr(one, name, scrubbed(held))
        one = one.__cause__ or one.__context__


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | None) else scrubbed(str(value))
