"""The views of a workflow, seen to when the tables of a run have landed: made, replaced or left as they are.

A view says nothing about rows: what keeps one from being made is told, and decides the exit code of the run,
and takes nothing back of what has landed. The next run, or the same one again, makes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tidegate.contracts.view import View
from tidegate.destinations.base import Destination
from tidegate.destinations.views import ForeignViewError, HoldsViews, ViewState
from tidegate.engine.failures import fault, placed
from tidegate.utils.errors import ExitCode, TidegateError

ViewStatus = Literal["made", "replaced", "unchanged", "waits", "left_out", "failed"]


@dataclass
class ViewReport:
    """What became of one view in a run. `error` where it failed; `about` says what it waits for, or why it is
    left out.
    """

    view: str
    status: ViewStatus
    exit_code: int = int(ExitCode.OK)
    about: str = ""
    error: str | None = None
    hint: str | None = None

    @classmethod
    def failed(cls, view: View, error: TidegateError) -> ViewReport:
        return cls(view.name, "failed", int(error.exit_code), error=str(error), hint=error.hint)


def see_to_views(
    destination: Destination, views: Sequence[View], landed: Collection[str]
) -> list[ViewReport]:
    """Of the views over a table of those that `landed`, by name. Raises nothing: what fails is told."""
    concerned = [view for view in views if any(table.name in landed for table in view.over)]
    if not concerned:
        return []
    if not isinstance(destination, HoldsViews):
        told = f"{destination.name} holds no views"
        return [ViewReport(view.name, "left_out", about=told) for view in concerned]
    try:
        states = destination.view_states(concerned)
    except Exception as error:  # noqa: BLE001 - rows have landed, whatever is wrong with views
        return [ViewReport.failed(view, _ours(error, view)) for view in concerned]
    return [_seen_to(destination, *each) for each in zip(concerned, states, strict=True)]


def _seen_to(destination: HoldsViews, view: View, state: ViewState) -> ViewReport:
    if state.standing == "foreign":
        return ViewReport.failed(view, ForeignViewError(view.name, state.about))
    if state.standing == "waits":
        return ViewReport(view.name, "waits", about=state.text)
    if state.fits:
        return ViewReport(view.name, "unchanged")
    try:
        destination.put_view(view)
    except Exception as error:  # noqa: BLE001 - as above
        return ViewReport.failed(view, _ours(error, view))
    return ViewReport(view.name, "made" if state.standing == "missing" else "replaced")


def _ours(error: Exception, view: View) -> TidegateError:
    where = f"view {view.name}"
    if isinstance(error, TidegateError):
        return placed(error, where, where, stopped=False) if not str(error).startswith(where) else error
    return fault(error, where)


def told(reports: Sequence[ViewReport]) -> Iterator[str]:
    """A line for each that is not as it was."""
    for each in reports:
        if each.status in {"made", "replaced"}:
            yield f"view {each.view}: {each.status}"
        elif each.status == "waits":
            yield f"view {each.view} {each.about}"
        elif each.status == "left_out":
            yield f"view {each.view} is left out: {each.about}"
