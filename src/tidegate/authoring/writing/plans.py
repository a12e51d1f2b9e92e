"""How the rows of a listing get into its table: key, cursor or windows, and whose ids it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tidegate.authoring.description import Listing, Since
from tidegate.authoring.writing.columns import Column
from tidegate.authoring.writing.contracts import ReadModel
from tidegate.authoring.writing.names import PLACEHOLDER, Names
from tidegate.authoring.writing.words import spoken, words

_CHANGED = frozenset(
    {"change", "changed", "edited", "modified", "modification", "touched", "updated", "update"}
)

Follows = Literal["everything", "cursor", "windows", "unplanned"]


@dataclass(frozen=True, slots=True)
class Parent:
    """A listing, and the column of its table with its ids; with `is_partial` a run asks for some only."""

    names: Names
    column: Column
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """`key`, `version` and `partition_by` are columns; `cursor` is an attribute of the read contract.

    `parent`: whose ids the placeholder of the path takes. `missing` are the required parameters that nothing
    gives: then there is no task yet. `todo` are sentences for whoever goes on.
    """

    follows: Follows = "everything"
    key: tuple[str, ...] = ()
    version: str | None = None
    partition_by: str | None = None
    cursor: str | None = None
    parent: Parent | None = None
    missing: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()

    @property
    def write(self) -> str:
        if self.follows == "windows":
            return "replace_windows"
        return "merge" if self.key else "replace"

    @property
    def is_partial(self) -> bool:
        return self.follows in {"cursor", "windows"}


@dataclass(frozen=True, slots=True)
class Known:
    """What a plan is made of."""

    listing: Listing
    names: Names
    row: ReadModel
    columns: tuple[Column, ...]


def planned(known: Known, before: Sequence[tuple[Known, Plan]]) -> Plan:
    """`before`: the listings that are planned already, whose ids may be asked for."""
    plan = _followed(known, Plan(key=_key(known), version=_version(known)))
    if plan.version and plan.write != "merge":
        plan = replace(plan, version=None)
    return _under_parent(known, plan, before)


def _key(known: Known) -> tuple[str, ...]:
    found = [_column(known, name) for name in known.listing.key]
    if any(each is None or each.type not in _PLAIN or each.nullable for each in found):
        return ()
    return tuple(each.name for each in found if each)


_PLAIN = frozenset({"str", "int", "bool", "AwareDatetime", "date"})


def _version(known: Known) -> str | None:
    column = _column(known, known.listing.version)
    return column.name if column and column.type in {"AwareDatetime", "date", "int"} else None


def _followed(known: Known, plan: Plan) -> Plan:
    """What it asks for. Without a doubt what a filter goes by: else everything, which loses nothing."""
    since = known.listing.since
    if since is None:
        return plan
    changes = not _CHANGED.isdisjoint(words(f"{since.attribute or ''} {since.start_param}"))
    field = _instant(known, since.attribute)
    if field and plan.key and (changes or (since.required and not since.max_days)):
        return replace(plan, follows="cursor", cursor=field)
    column = _column(known, since.attribute)
    dated = column is not None and column.type in {"AwareDatetime", "date"}
    if since.end_param and (since.required or (dated and not plan.key)):
        return replace(plan, follows="windows", partition_by=column.name if column and dated else None)
    if since.required:
        return replace(plan, follows="unplanned", missing=(since.start_param,))
    return replace(plan, todo=(_unfollowed(since),))


def _unfollowed(since: Since) -> str:
    params = " and ".join(each for each in (since.start_param, since.end_param) if each)
    return f"{params} could ask for less than everything, once it is known what they go by (Cursor, Windows)"


def _instant(known: Known, wire: str | None) -> str | None:
    """The attribute of the row that a cursor can follow."""
    return next(
        (each.of.name for each in known.row.fields if each.of.wire == wire and each.type == "AwareDatetime"),
        None,
    )


def _column(known: Known, wire: str | None) -> Column | None:
    return next((each for each in known.columns if each.of == wire), None)


def _under_parent(known: Known, plan: Plan, before: Sequence[tuple[Known, Plan]]) -> Plan:
    path = known.listing.endpoint.path
    placeholders = PLACEHOLDER.findall(path)
    missing = (*placeholders, *_lacking(known.listing), *plan.missing)
    if len(placeholders) != 1:
        return replace(plan, follows="unplanned", missing=missing) if missing else plan
    found = _parent(path.partition("{")[0], placeholders[0], before)
    if found is None or missing[1:]:
        return replace(plan, follows="unplanned", missing=missing)
    parent, of, column = found
    # A row may stand below several parents: whose it is belongs to its key.
    key = tuple(dict.fromkeys((column.name, *plan.key))) if plan.key else ()
    made = replace(plan, parent=Parent(parent, column, of.is_partial), key=key)
    if of.is_partial and made.write != "merge":
        lost = (
            f"find a key: a run asks for some {spoken(parent.plural)} only, and must not replace the others'"
        )
        return replace(plan, follows="unplanned", missing=missing, todo=(*plan.todo, lost))
    return made


def _lacking(listing: Listing) -> tuple[str, ...]:
    """Required parameters that neither the paginator nor a window gives."""
    since = listing.since
    given = {*given_by_paging(listing), *((since.start_param, since.end_param) if since else ())}
    required = [each for each in listing.endpoint.parameters if each.required and each.place == "query"]
    return tuple(each.name for each in required if each.name not in given)


def _parent(
    above: str, placeholder: str, before: Sequence[tuple[Known, Plan]]
) -> tuple[Names, Plan, Column] | None:
    """The listing at the path `above`, where it has a task, and one column as its key that is asked by."""
    for known, plan in before:
        if known.listing.endpoint.path.strip("/") != above.strip("/") or len(plan.key) != 1:
            continue
        column = next(each for each in known.columns if each.name == plan.key[0])
        fits = placeholder.lower().endswith(column.of.lower()) and column.type in {"str", "int"}
        if fits and plan.follows != "unplanned" and plan.parent is None:
            return known.names, plan, column
    return None


def given_by_paging(listing: Listing) -> frozenset[str]:
    """The parameters that the paginator sends."""
    return frozenset(each for each in (listing.paging.param, listing.paging.limit_param) if each)
