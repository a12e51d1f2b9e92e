"""What the commands say and do of views: `show` of one, its share of `schema diff` and `schema apply`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from tidegate.app.tables import kind_of, print_table
from tidegate.contracts.view import View
from tidegate.destinations.base import Destination
from tidegate.destinations.bigquery_views import definition, spelled
from tidegate.destinations.duckdb_views import statements
from tidegate.destinations.views import ForeignViewError, HoldsViews, ViewState
from tidegate.engine.workflows import Workflow


def show_view(workflow: Workflow, view: View, *, as_json: bool) -> None:
    """What it is, its columns, and the SQL that makes it."""
    out = sys.stdout
    if as_json:
        out.write(json.dumps(_plain(workflow, view)) + "\n")
        return
    out.write(f"{workflow.name}.{view.name}: {view.description}\n\n")
    out.write(f"{'view':14}{view.name}\n")
    for number, table in enumerate(view.over):
        out.write(f"{'' if number else 'over':14}{table.name}\n")
    out.write(f"\ncontract {view.model.__name__}\n")
    rows = ((each.name, kind_of(each), each.description or "") for each in view.columns)
    print_table(("column", "type", "meaning"), rows, out)
    out.write(f"\nin DuckDB\n{statements(view)[0]}\n\nin BigQuery\n{definition(view, spelled())}\n")


def _plain(workflow: Workflow, view: View) -> dict[str, Any]:
    return {
        "view": f"{workflow.name}.{view.name}",
        "what": view.description,
        "over": [table.name for table in view.over],
        "contract": {
            "name": view.model.__name__,
            "columns": {each.name: kind_of(each) for each in view.columns},
        },
        "sql": {"duckdb": statements(view)[0], "bigquery": definition(view, spelled())},
    }


def plain_state(name: str, state: ViewState) -> dict[str, Any]:
    """One line of `schema diff --json`."""
    return {
        "view": name,
        "standing": state.standing,
        "text": state.text,
        "safe": state.standing != "foreign",
    }


def states_of(destination: Destination, views: Sequence[View]) -> dict[str, ViewState] | None:
    """How each is found, by name; None where the destination holds no views."""
    if not isinstance(destination, HoldsViews):
        return None
    return dict(zip((view.name for view in views), destination.view_states(views), strict=True))


def apply_views(destination: Destination, views: Sequence[View]) -> Iterator[tuple[str, str]]:
    """Make what is to be made; name and what was done, of each. Raises `ForeignViewError` at the end, and
    `DestinationError` at once.
    """
    if not isinstance(destination, HoldsViews):
        yield from ((view.name, f"left out: {destination.name} holds no views") for view in views)
        return
    foreign = []
    for view, state in zip(views, destination.view_states(views), strict=True):
        if state.is_to_be_made:
            destination.put_view(view)
            yield view.name, "made" if state.standing == "missing" else "replaced"
        elif state.standing == "foreign":
            foreign.append(ForeignViewError(view.name, state.about))
        else:
            yield view.name, "nothing to change" if state.standing == "same" else state.text
    if foreign:
        raise foreign[0]
