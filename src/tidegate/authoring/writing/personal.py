"""Which fields look like personal data. A mark too many hides a value in logs; one too few shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tidegate.authoring.writing.words import words

_LAST = frozenset(
    [
        "address",
        "birthdate",
        "birthday",
        "cellphone",
        "email",
        "firstname",
        "fullname",
        "ip",
        "lastname",
        "mail",
        "mobile",
        "msisdn",
        "nickname",
        "phone",
        "postcode",
        "recipient",
        "surname",
        "telephone",
        "username",
        "zip",
        "zipcode",
    ]
)
_PAIRS = frozenset(
    {
        *(("first", "name"), ("last", "name"), ("full", "name"), ("middle", "name"), ("user", "name")),
        *(("phone", "number"), ("mobile", "number"), ("birth", "date"), ("date", "birth"), ("user", "agent")),
        *(("address", "line"), ("street", "name"), ("postal", "code"), ("zip", "code"), ("reply", "to")),
        *(("email", "id"), ("remote", "addr"), ("contact", "name"), ("customer", "name"), ("to", "number")),
    }
)
_PEOPLE = frozenset(
    [
        "author",
        "contact",
        "creator",
        "customer",
        "member",
        "owner",
        "person",
        "recipient",
        "sender",
        "subscriber",
        "user",
    ]
)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def looks_personal(name: str, within: str, values: Sequence[Any] = ()) -> bool:
    """Of text by its name, that of the object that it stands `within`, and by the examples."""
    spelled = [each.rstrip("0123456789") for each in words(name)]
    if _LAST & set(spelled[-1:]) or tuple(spelled[-2:]) in _PAIRS:
        return True
    if spelled == ["name"] and _PEOPLE & set(words(within)[-1:]):
        return True
    return any(isinstance(each, str) and _ADDRESS.fullmatch(each.strip("<>")) for each in values)
