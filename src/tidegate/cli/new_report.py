"""What `tidegate new` tells: what was found, what was written, what is left to do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TextIO

from tidegate.app.tables import print_table
from tidegate.app.text import printable
from tidegate.authoring.description import Listing, Paging
from tidegate.authoring.generating import Generation
from tidegate.authoring.merging import Outcome
from tidegate.authoring.writing.names import named
from tidegate.cli.new_arguments import NewArguments

_TOLD = {
    "new": ("new", "would be new"),
    "updated": ("updated", "would be updated"),
    "kept": ("kept yours where both changed", "yours would be kept where both changed"),
    "deleted": ("you deleted it: not written again", "you deleted it: not written again"),
}


def tell_changes(made: Generation, arguments: NewArguments, out: TextIO, *, pending: bool) -> None:
    """What was found, and what becomes of each file, with the diffs of those that were there. `pending`:
    nothing is written yet.
    """
    rows = [
        (
            task,
            listing.endpoint.path,
            listing.items or "the body",
            _paging(listing.paging),
            *_columns(listing),
        )
        for task, listing in _tasks(made)
    ]
    print_table(("task", "endpoint", "rows at", "paging", "key", "changed since"), rows, out)
    out.write("\n")
    for outcome in made.outcomes:
        if outcome.kind in _TOLD and (outcome.is_written or outcome.kind != "updated"):
            out.write(f"  {_TOLD[outcome.kind][pending]}: {printable(str(outcome.path))}\n")
    for outcome in made.outcomes:
        if outcome.is_written and (outcome.kind != "new" or arguments.diff):
            _show(outcome.diff(), out)
        if outcome.refused:
            out.write(f"\nnot taken, for {outcome.path} is yours there:\n")
            _show(outcome.refused, out)
    if not made.written:
        out.write("  nothing has changed\n")
    out.flush()


def tell_end(made: Generation, arguments: NewArguments, out: TextIO) -> None:
    """What is left to do, and what to run next; or all of it for a machine."""
    if arguments.as_json:
        out.write(json.dumps(_plain(made, arguments)) + "\n")
    else:
        _by_hand(made, out)
        _to_do(made, out)
        if not arguments.dry_run:
            out.write("\nNext:\n")
            out.writelines(f"  {line}\n" for line in _next(made))
    out.flush()


def _by_hand(made: Generation, out: TextIO) -> None:
    if made.by_hand:
        out.write("\nAdd to pyproject.toml by hand:\n")
        out.writelines(f"  {line}\n" for line in made.by_hand.splitlines())


def _to_do(made: Generation, out: TextIO) -> None:
    todo = list(_todo(made))
    if todo:
        out.write("\nTo be told by a person (TODO in the code):\n")
        out.writelines(f"  {printable(each)}\n" for each in todo)


def _todo(made: Generation) -> Iterable[str]:
    if made.api.base_url is None:
        yield "the base URL (--base-url)"
    if made.api.quota is None:
        yield "the vendor's quota (--quota)"
    yield from made.api.todo
    for task, listing in _tasks(made):
        yield from (f"{task}: {each}" for each in listing.todo)


def _next(made: Generation) -> Iterable[str]:
    name = made.api.name
    yield f"tidegate preview {name}.{_tasks(made)[0][0]} --rows 5"
    yield f"tidegate run {name}"


def _tasks(made: Generation) -> list[tuple[str, Listing]]:
    paths = [each.endpoint.path for each in made.listings]
    names = named(made.api.name, paths, [each.path for each in made.api.endpoints])
    return [(names[each.endpoint.path].plural, each) for each in made.listings]


def _paging(paging: Paging) -> str:
    how = paging.kind.replace("_", " ")
    by = ", ".join(each for each in (paging.param, paging.limit_param, paging.found_at) if each)
    return f"{how} ({by})" if by else how


def _columns(listing: Listing) -> tuple[str, str]:
    since = listing.since
    told = "" if since is None else f"{since.start_param} ({since.attribute or 'field unknown'})"
    return ", ".join(listing.key), told


def _show(diff: str, out: TextIO) -> None:
    out.write("\n")
    out.writelines(f"{printable(line)}\n" for line in diff.splitlines())


def _plain(made: Generation, arguments: NewArguments) -> dict[str, Any]:
    return {
        "api": made.api.name,
        "listings": [
            {
                "task": task,
                "path": listing.endpoint.path,
                "items": listing.items,
                "paging": asdict(listing.paging),
                "key": list(listing.key),
                "since": asdict(listing.since) if listing.since else None,
            }
            for task, listing in _tasks(made)
        ],
        "files": [_plain_file(each) for each in (*made.outcomes, made.record)],
        "todo": list(_todo(made)),
        "by_hand": made.by_hand,
        "dry_run": arguments.dry_run,
        "next": list(_next(made)),
    }


def _plain_file(of: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {"path": str(of.path), "outcome": of.kind, "changed": of.is_written}
    return told | ({"not_taken": of.refused} if of.refused else {})
