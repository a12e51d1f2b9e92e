"""Instants in the SQL of a view. DuckDB reads one as a day or a text, and a text or a day as one, by the time
zone of whoever asks, BigQuery by UTC: between them stand `{day(...)}` and `{month(...)}` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from tidegate.contracts.view_tokens import Token
from tidegate.utils.schemas import Column

_COLUMN = re.compile(r"\{\w+\.(\w+)\}")
# Of these, what they are given is what they give.
_GIVING = frozenset(("", "coalesce", "first_value", "lag", "last_value", "lead", "max", "min", "nullif"))
_BEFORE_PARENTHESES = frozenset(
    ("and", "between", "by", "else", "having", "not", "on", "or", "select", "then", "when", "where")
)
_COMPARING = frozenset(("=", "<", ">", "<=", ">=", "<>", "!=", "||", "between", "in"))


@dataclass
class _Group:
    """What stands between parentheses, without the names of tables before columns; `head` is the function."""

    head: str = ""
    items: list[Token | _Group] = field(default_factory=list)


def check_instants(tokens: Sequence[Token], tables: Mapping[str, Mapping[str, Column]]) -> None:
    """Raise `ValueError` where an instant is cast to a day or a text, or stands beside one."""
    kinds: dict[str, set[str]] = {}
    for columns in tables.values():
        for name, column in columns.items():
            kinds.setdefault(name.lower(), set()).add(column.kind)
    instants = {name for name, of in kinds.items() if of == {"timestamp"}}
    whole = _grouped(tokens)
    while new := {name for name in _renamed(whole, instants) if name not in kinds} - instants:
        instants |= new
    _check(whole, instants)


def _renamed(group: _Group, instants: Set[str]) -> Iterator[str]:
    """What instants are called by AS."""
    for at, item in enumerate(group.items):
        if isinstance(item, _Group):
            yield from _renamed(item, instants)
        named = group.items[at + 1 : at + 3]
        if len(named) == 2 and _instant(item, instants):
            word, name = named
            if isinstance(word, Token) and word.word == "as" and isinstance(name, Token):
                yield name.word


def _grouped(tokens: Sequence[Token]) -> _Group:
    opened = [_Group()]
    for token in tokens:
        items = opened[-1].items
        if token.text == "(":
            head = items[-1].word if items and isinstance(items[-1], Token) else ""
            if head in _BEFORE_PARENTHESES:
                head = ""
            elif head and head != "in":
                items.pop()
            opened.append(_Group(head))
            items.append(opened[-1])
        elif token.text == ")":
            opened.pop()
            if not opened:
                break
        elif token.kind == "word" and items and isinstance(items[-1], Token) and items[-1].text == ".":
            items[-2:] = [token]
        else:
            items.append(token)
    if len(opened) != 1:
        raise ValueError("as many parentheses must be closed as are opened, and none before")
    return opened[0]


def _check(group: _Group, instants: Set[str]) -> None:
    for at, item in enumerate(group.items):
        if isinstance(item, _Group):
            _check(item, instants)
        elif item.text.lower() in _COMPARING:
            _check_sides(group.items[:at], group.items[at + 1 :], instants, to=item.word == "between")
    found = next(filter(None, (_instant(item, instants) for item in group.items)), None)
    if found is None:
        return
    last = group.items[-1]
    if group.head == "cast" and isinstance(last, Token) and last.word in {"date", "string"}:
        raise ValueError(f"cast({found} as {last.text}): {_why(found)}")
    if group.head in _GIVING - {""} and any(_is_literal(item) for item in group.items):
        raise ValueError(f"{group.head}({found}, ...) with a text or a day: {_why(found)}")


def _check_sides(
    left: Sequence[Token | _Group], right: Sequence[Token | _Group], instants: Set[str], *, to: bool
) -> None:
    """`to`: whether the right side is two, with AND between them."""
    if left and isinstance(left[-1], Token) and left[-1].word == "not":
        left = left[:-1]
    if not left or not right:
        return
    listed = [right[0]]
    if isinstance(right[0], _Group):
        listed = [] if _is_query(right[0]) else right[0].items
    if to:
        listed = [*listed, *_after_and(right)]
    found = _instant(left[-1], instants)
    if found is not None and any(_is_literal(each) for each in listed):
        raise ValueError(f"{found} beside a text or a day: {_why(found)}")
    found = _instant(right[0], instants)
    if found is not None and _is_literal(left[-1]):
        raise ValueError(f"{found} beside a text or a day: {_why(found)}")


def _after_and(items: Sequence[Token | _Group]) -> Sequence[Token | _Group]:
    at = next((at for at, each in enumerate(items) if isinstance(each, Token) and each.word == "and"), None)
    return () if at is None else items[at + 1 : at + 2]


def _instant(item: Token | _Group, instants: Set[str]) -> str | None:
    """The column whose instant this is, if it is one."""
    if isinstance(item, _Group):
        inner = (_instant(each, instants) for each in item.items if item.head in _GIVING)
        return None if _is_query(item) else next(filter(None, inner), None)
    named = _COLUMN.fullmatch(item.text)
    name = (named[1] if named else item.word).lower()
    return name if name in instants else None


def _is_query(group: _Group) -> bool:
    return any(isinstance(each, Token) and each.word in {"select", "with"} for each in group.items)


def _is_literal(item: Token | _Group) -> bool:
    return isinstance(item, Token) and (item.kind == "text" or item.word == "date" or _is_day(item))


def _is_day(item: Token) -> bool:
    return item.kind == "place" and "(" in item.text


def _why(name: str) -> str:
    return f"DuckDB and BigQuery do not read that alike: write {{day({name})}}"
