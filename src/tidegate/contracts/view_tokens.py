"""The words, signs, texts and places in braces that the SQL of a view consists of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<text>'[^'\\\n]*')|(?P<place>\{[^{}]*\})|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>\d+(?:\.\d+)?(?!\w))|(?P<sign>\|\||<=|>=|<>|!=|[-,().*=<>+/])"
)
# Comments, in which a quote would hide what follows it, and operators of DuckDB alone.
_NO_SIGN = re.compile(r"--|/[*/]|\*[*/]|==|->|<=>")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


def tokens_of(sql: str) -> Iterator[Token]:
    """All of the text, blanks too. Raises `ValueError` at what is no token."""
    at = 0
    while at < len(sql):
        found = _TOKEN.match(sql, at)
        if found is None or _NO_SIGN.match(sql, at):
            raise ValueError(f"{sql[at : at + 20]!r}: DuckDB and BigQuery do not read that alike")
        yield Token(str(found.lastgroup), found.group())
        at = found.end()
