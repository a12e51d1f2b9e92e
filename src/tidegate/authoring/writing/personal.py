"""Which fields look like personal data. A mark too many hides a value in logs; one too few shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tidegate.authoring.writing.words import words

# Words that end the name of a field; those of credentials are no less to be hidden.
_LAST = frozenset(
    {
        *(
            "address",
            "birthdate",
            "birthday",
            "cellphone",
            "email",
            "firstname",
            "fullname",
            "ip",
            "lastname",
        ),
        *("mail", "mobile", "msisdn", "nickname", "password", "phone", "postcode", "secret", "surname"),
        *("telephone", "token", "username", "zip", "zipcode"),
    }
)
_PAIRS = frozenset(
    {
        *(("first", "name"), ("last", "name"), ("full", "name"), ("middle", "name"), ("user", "name")),
        *(("phone", "number"), ("mobile", "number"), ("birth", "date"), ("date", "birth"), ("to", "number")),
        *(("address", "line"), ("street", "name"), ("postal", "code"), ("post", "code"), ("zip", "code")),
        *(("email", "id"), ("reply", "to"), ("remote", "addr"), ("user", "agent"), ("api", "key")),
        *(("contact", "name"), ("customer", "name"), ("sender", "name"), ("recipient", "name")),
    }
)
_PEOPLE = frozenset(
    {
        *("author", "contact", "creator", "customer", "driver", "employee", "guest", "holder", "keeper"),
        *("manager", "member", "owner", "patient", "person", "reader", "recipient", "sender", "subscriber"),
        *("user", "visitor"),
    }
)
_PHONES = frozenset({"cellphone", "mobile", "msisdn", "phone", "telephone"})
_BIRTH = frozenset({"birth", "birthdate", "birthday"})
# Of values that are no text, the words that tell.
_TELLING = {
    "dict": _PEOPLE | {"address", "addresses"},
    **dict.fromkeys(("int", "float", "Decimal"), _PHONES),
    **dict.fromkeys(("date", "AwareDatetime"), _BIRTH),
    "bool": frozenset[str](),
}
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def looks_personal(name: str, kind: str, within: str, values: Sequence[Any] = ()) -> bool:
    """By the name, that of the object around it, and the examples; `kind` is the name of a Python type."""
    spelled = [each.rstrip("0123456789") for each in words(name)]
    if kind in _TELLING:
        return not _TELLING[kind].isdisjoint(spelled[-1:])
    if kind.startswith("Epoch"):
        return False
    if not (_LAST | _PEOPLE).isdisjoint(spelled[-1:]) or tuple(spelled[-2:]) in _PAIRS:
        return True
    if spelled == ["name"]:
        return not _PEOPLE.isdisjoint(words(within)[-1:])
    return spelled[-1:] != ["id"] and any(map(_is_address, values))  # ids of messages look like addresses


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and _ADDRESS.fullmatch(value.strip("<>")) is not None
