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
_NUMBERS = frozenset({"cellphone", "mobile", "msisdn", "phone", "telephone"})
_PAIRS = frozenset(
    {
        *(("first", "name"), ("last", "name"), ("full", "name"), ("middle", "name"), ("user", "name")),
        *(("phone", "number"), ("mobile", "number"), ("birth", "date"), ("date", "birth"), ("user", "agent")),
        *(
            ("address", "line"),
            ("street", "name"),
            ("postal", "code"),
            ("post", "code"),
            ("zip", "code"),
            ("reply", "to"),
        ),
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


def looks_personal(name: str, kind: str, within: str, values: Sequence[Any] = ()) -> bool:
    """By the name, that of the object around it, and the examples; `kind` is the name of a Python type."""
    spelled = [each.rstrip("0123456789") for each in words(name)]
    if kind in {"int", "float"}:
        return not _NUMBERS.isdisjoint(spelled[-1:])
    if kind in {"bool", "date", "AwareDatetime"} or kind.startswith("Epoch"):
        return not {"birth", "birthday", "birthdate"}.isdisjoint(spelled)
    if not _LAST.isdisjoint(spelled[-1:]) or tuple(spelled[-2:]) in _PAIRS:
        return True
    of_a_person = not _PEOPLE.isdisjoint(words(within)[-1:])
    if (spelled == ["name"] and of_a_person) or not _PEOPLE.isdisjoint(spelled[-1:]):
        return True
    return any(isinstance(each, str) and _ADDRESS.fullmatch(each.strip("<>")) for each in values)
