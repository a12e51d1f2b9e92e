"""Taking a credential out of what an API answers, where it writes it into addresses: `&access_token=...`.

A page log keeps answers. Nothing else of them is touched: what stands elsewhere may be data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from urllib.parse import quote, quote_plus

from tidegate.utils.redact import MASK, MIN_LENGTH

_WAYS = (str, quote, quote_plus, partial(quote, safe=""))
_SAME_IN_ALL = re.compile(r"[\w.~-]+", re.ASCII)
# `=`, `?` or `&`, or as JSON may have them.
_BEFORE = rb"([=?&]|\\u00(?:3[dDfF]|26))"


def scrubbed(body: bytes, credentials: Iterable[str]) -> bytes:
    """`body`, with each credential masked that stands in a query. Short ones are left."""
    found = [each for each in _written(credentials) if each in body]
    if not found:
        return body
    values = b"|".join(re.escape(each) for each in sorted(found, key=len, reverse=True))
    return re.sub(_BEFORE + rb"(?:%b)" % values, rb"\1" + MASK.encode(), body)


def _written(credentials: Iterable[str]) -> set[bytes]:
    """How they may stand in an address, also in one that JSON has escaped."""
    written: set[bytes] = set()
    for each in credentials:
        if _SAME_IN_ALL.fullmatch(each):
            written.add(each.encode())
        else:
            texts = {way(each) for way in _WAYS}
            written |= {text.replace("/", slash).encode() for text in texts for slash in ("/", r"\/")}
    return {each for each in written if len(each) >= MIN_LENGTH}
