"""What a JSON value looks like: its type, and for text and large integers the format."""

from __future__ import annotations

import re
from typing import Any

NULL, EMPTY = "null", "empty text"
BOOLEAN, INTEGER, NUMBER, OBJECT, LIST = "true or false", "integer", "number", "object", "list"
EPOCH_S, EPOCH_MS = "epoch seconds", "epoch milliseconds"
TEXT, INTEGER_TEXT, DECIMAL_TEXT, BOOLEAN_TEXT = "text", "integer text", "decimal text", "boolean text"
DATE, INSTANT, LOCAL = "date", "instant", "instant without offset"
EMAIL, UUID, URL = "email", "uuid", "url"

NOTHING = frozenset({NULL, EMPTY})
TEXTS = frozenset({TEXT, INTEGER_TEXT, DECIMAL_TEXT, BOOLEAN_TEXT, DATE, INSTANT, LOCAL, EMAIL, UUID, URL})
EPOCHS = frozenset({EPOCH_S, EPOCH_MS})
# The types of JSON; two kinds of one type differ in format only.
TYPE = {
    **dict.fromkeys(TEXTS, TEXT),
    **dict.fromkeys((INTEGER, *EPOCHS), INTEGER),
    NUMBER: NUMBER,
    BOOLEAN: BOOLEAN,
    OBJECT: OBJECT,
    LIST: LIST,
}

_LONGEST = 64  # a format is looked for in shorter text only, but for addresses of the web
_DIGITS = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?\d+[.,]\d+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?")
_PHONE = re.compile(r"\+?[\d\s().-]{8,20}")
_NUMERIC = frozenset("0123456789+-")
_BOOLEANS = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
# 2001 to 2065; other integers are as likely to be a number of something.
_SECONDS, _MILLISECONDS = range(10**9, 3 * 10**9), range(10**12, 3 * 10**12)


def kind_of(value: Any) -> str:
    """Of a decoded JSON value."""
    cls = type(value)
    if cls is str:
        return text_kind(value)
    if cls is int:
        if -(10**9) < value < 10**9:
            return INTEGER
        return EPOCH_S if value in _SECONDS else EPOCH_MS if value in _MILLISECONDS else INTEGER
    return _BY_TYPE.get(cls, TEXT)


_BY_TYPE = {type(None): NULL, bool: BOOLEAN, float: NUMBER, dict: OBJECT, list: LIST}


def text_kind(text: str) -> str:
    """Of a text; looks at it for well under a microsecond, so the formats are not checked to the letter."""
    if not text:
        return EMPTY
    size = len(text)
    if text[0] in _NUMERIC and size <= _LONGEST:
        return _numeric(text, size)
    if text[0] == "h" and text.startswith(("http://", "https://")):
        return URL
    if "@" in text and size <= _LONGEST:
        name, _, host = text.partition("@")
        return EMAIL if name[0:1].isalnum() and "." in host and " " not in text and ">" not in host else TEXT
    if size == 36 and _UUID.fullmatch(text):
        return UUID
    return BOOLEAN_TEXT if size < 6 and text in _BOOLEANS else TEXT


def _numeric(text: str, size: int) -> str:
    """Of a text that begins with a digit or a sign."""
    if size >= 10 and text[4] == "-" and text[7] == "-" and text[:4].isdigit():
        found = _ISO.fullmatch(text)
        if found is not None:
            return DATE if size == 10 else LOCAL if found[1] is None else INSTANT
    if size == 36 and _UUID.fullmatch(text):
        return UUID
    if _DIGITS.fullmatch(text):
        return INTEGER_TEXT
    if _DECIMAL.fullmatch(text):
        return DECIMAL_TEXT
    return EMAIL if "@" in text and text[0] not in "+-" and " " not in text else TEXT


def looks_personal(value: Any) -> bool:
    """Whether it could be the address or the number of a person, whatever the contract says."""
    text = str(value)
    return "@" in text or (type(value) is str and not _ISO.fullmatch(text) and bool(_PHONE.fullmatch(text)))
