"""The SQL of a view: one text that DuckDB and BigQuery read alike, but for the places in braces.

Whatever the two read differently is refused when the view is declared, not when it is made: quoting (a name
between double quotes is text to BigQuery), functions of another name or meaning, types that one of them does
not know, escapes in text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tidegate.contracts.view_instants import check_instants
from tidegate.contracts.view_tokens import Token, tokens_of
from tidegate.utils.schemas import Column


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# With the same name and meaning in both. Not `concat`, `greatest` and `least`, which differ over null, nor
# `trim`, which differs over what a blank is.
FUNCTIONS = _words(
    """abs avg cast ceil coalesce count dense_rank first_value floor lag last_value lead length lower max min
    mod nullif rank replace round row_number sign starts_with substr sum upper"""
)
_BEFORE_PARENTHESES = _words(
    """all and any as by case distinct else exists from group having in is join like not on or over partition
    qualify select then union using when where"""
)
_AFTER_FROM = _words("where group having qualify window order limit union select")
_TYPES = _words("bool date int64 string")
# What stands before text in quotes; another word makes a value of another type of it, in one of the two.
_BEFORE_TEXT = _BEFORE_PARENTHESES | _words("between date")
_ONE_ALONE = _words(
    """anti array asof collate current_catalog current_date current_role current_schema current_time
    current_timestamp current_user exclude filter glob ilike interval localtime localtimestamp natural pivot
    positional rowid semi session_user similar struct tablesample unnest unpivot"""
)
# BigQuery wants it said, and knows no other.
_AFTER_SET = {"union": {"all", "distinct"}, "except": {"distinct"}, "intersect": {"distinct"}}
# Of either of them; no name without quotes. Source: GoogleSQL, lexical structure; `duckdb_keywords()`.
RESERVED = _words(
    """all analyse analyze and any array as asc assert_rows_modified asymmetric at between both by case
    cast check collate column constraint contains create cross cube current default deferrable define
    desc describe distinct do else end enum escape except exclude exists extract false fetch following
    for foreign from full group grouping groups hash having if ignore in initially inner intersect
    interval into is join lambda lateral leading left like limit lookup merge natural new no not null
    nulls of offset on only or order outer over partition pivot pivot_longer pivot_wider placing
    preceding primary proto qualify range recursive references respect returning right rollup rows
    select set show some struct summarize symmetric table tablesample then to trailing treat true
    unbounded union unique unnest unpivot using variadic when where window with within"""
)
_PLACE = re.compile(
    r"\{(?P<table>\w+)(?:\.(?P<column>\w+))?\}|\{(?P<macro>day|month)\((?:(?P<of>\w+)\.)?(?P<column_of>\w+)\)\}"
)
_DECLARED = re.compile(r"(?:\bwith\b|,)\s*(\w+)\s+as\s*\(", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a destination spells what stands in braces. `day` takes an instant, as SQL, and gives its UTC day;
    `month` takes a day, and gives the first one of its month.
    """

    table: Callable[[str], str]
    column: Callable[[str], str]
    day: Callable[[str], str]
    month: Callable[[str], str]


def check(sql: str, tables: Mapping[str, Mapping[str, Column]]) -> None:
    """Raise `ValueError` for what not every destination reads alike, and for names that the contracts of the
    `tables` do not know.
    """
    tokens = [token for token in tokens_of(sql) if token.kind != "space"]
    if not tokens or tokens[0].word not in {"select", "with"}:
        raise ValueError("begin with SELECT or WITH")
    used = {name for token in tokens if (name := _table_of(token, tables)) is not None}
    if unused := [name for name in tables if name not in used]:
        raise ValueError(f"{', '.join(unused)} is in over=... and not in the text: write {{{unused[0]}}}")
    unquoted = " ".join(token.text for token in tokens if token.kind != "text")
    declared = {name.lower() for name in _DECLARED.findall(unquoted)}
    check_instants(tokens, tables)
    _check_casts(tokens)
    _check_commas(tokens)
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        _check_word(before, token, tokens[at + 1] if at + 1 < len(tokens) else None)
        if token.word in {"from", "join"} and (before is None or before.word != "distinct"):
            _check_source(token, tokens[at + 1 :], declared)


def rendered(sql: str, dialect: Dialect, tables: Mapping[str, Mapping[str, Column]]) -> str:
    """The text, which `check` has passed, as one destination reads it."""

    def spelled(place: re.Match[str]) -> str:
        if place["macro"]:
            column = dialect.column(place["column_of"])
            column = f"{place['of']}.{column}" if place["of"] else column
            day = column if _kinds(place["column_of"], tables) == {"date"} else dialect.day(column)
            return dialect.month(day) if place["macro"] == "month" else day
        return dialect.column(place["column"]) if place["column"] else dialect.table(place["table"])

    return "".join(
        _PLACE.sub(spelled, token.text) if token.kind == "place" else token.text for token in tokens_of(sql)
    )


def _table_of(token: Token, tables: Mapping[str, Mapping[str, Column]]) -> str | None:
    """The table whose rows a place in braces stands for."""
    if token.kind != "place":
        return None
    place = _PLACE.fullmatch(token.text)
    if place is None:
        raise ValueError(
            f"{token.text}: write {{table}}, {{table.column}}, {{day(column)}} or {{month(column)}}"
        )
    if place["macro"]:
        kinds = _kinds(place["column_of"], tables)
        if kinds != {"timestamp"} and (place["macro"] == "day" or kinds != {"date"}):
            what = "no instant" if place["macro"] == "day" else "neither an instant nor a date"
            raise ValueError(f"{token.text}: {place['column_of']} is {what} of {' or '.join(tables)}")
        return None
    if place["table"] not in tables:
        raise ValueError(f"{token.text}: {place['table']} is not in over=({', '.join(tables)})")
    if place["column"] and place["column"] not in tables[place["table"]]:
        known = ", ".join(tables[place["table"]])
        raise ValueError(f"{token.text}: {place['table']} has no such column ({known})")
    return None if place["column"] else place["table"]


def _kinds(name: str, tables: Mapping[str, Mapping[str, Column]]) -> set[str]:
    """What kinds the columns of a name have, one where there is no doubt."""
    return {columns[name].kind for columns in tables.values() if name in columns}


def _check_word(before: Token | None, token: Token, after: Token | None) -> None:
    if token.word in RESERVED and before is not None and before.word == "as":
        raise ValueError(f"AS {token.text}: a word of SQL is no name")
    if token.word in _ONE_ALONE:
        raise ValueError(
            f"{token.text}: DuckDB and BigQuery do not read that alike; a column of that name is written"
            " {table.column}"
        )
    if token.word in _AFTER_SET and (after is None or after.word not in _AFTER_SET[token.word]):
        raise ValueError(f"{token.text}: write {' or '.join(sorted(_AFTER_SET[token.word]))} after it")
    if token.word == "on" and before is not None and before.word == "distinct":
        raise ValueError("DISTINCT ON: DuckDB and BigQuery do not read that alike")
    if before is not None and before.kind == token.kind == "text":
        raise ValueError(f"{before.text}{token.text}: a quote inside of text is read in two ways")
    if token.kind != "word" or after is None:
        return
    if after.kind == "text" and token.word not in _BEFORE_TEXT:
        raise ValueError(f"{token.text} {after.text}: DuckDB and BigQuery do not read that alike")
    if after.text == "(" and token.word not in FUNCTIONS | _BEFORE_PARENTHESES:
        raise ValueError(f"{token.text}(...): known are {', '.join(sorted(FUNCTIONS))}")


def _check_casts(tokens: Sequence[Token]) -> None:
    """Types stand in casts alone; in one for a column the contract of the view has the type already."""
    opened: list[bool] = []  # of each parenthesis that is open: whether it is that of a cast
    for before, token in pairwise([Token("space", ""), *tokens]):
        if token.text == "(":
            opened.append(before.word == "cast")
        elif token.text == ")" and opened:
            opened.pop()
        elif before.word == "as" and opened and opened[-1] and token.word not in _TYPES:
            raise ValueError(f"cast as {token.text}: both know {', '.join(sorted(_TYPES))}")


def _check_commas(tokens: Sequence[Token]) -> None:
    """No table after a comma: what follows FROM and JOIN is looked at, and nothing else."""
    within = [False]  # of each parenthesis that is open: whether this is between FROM and what ends it
    for before, token in pairwise([Token("space", ""), *tokens]):
        if token.text == "(":
            within.append(False)
        elif token.text == ")" and within[1:]:
            within.pop()
        elif token.word == "from" and before.word != "distinct":
            within[-1] = True
        elif token.word in _AFTER_FROM:
            within[-1] = False
        elif token.text == "," and within[-1]:
            raise ValueError("a comma between tables: write JOIN")


def _check_source(token: Token, after: Sequence[Token], declared: set[str]) -> None:
    """A table, or a query; in parentheses, too."""
    first = next((each for each in after if each.text != "("), None)
    query = first is not None and first.word in {"select", "with"} and after[0].text == "("
    if first is None or not (query or first.kind == "place" or first.word in declared):
        told = "" if first is None else f" {first.text}"
        raise ValueError(f"{token.text}{told}: name tables in braces: {{table}}")
