"""`tidegate cursor ...`. Signatures only, as in `main`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidegate.app import options

app = typer.Typer(
    help="How far a task has come, kept in the destination.", no_args_is_help=True, rich_markup_mode=None
)

TaskName = Annotated[str, typer.Argument(metavar="WORKFLOW.TASK")]
Slice = Annotated[
    str | None,
    typer.Option("--slice", metavar="ID", help="Of one slice, as `cursor show` calls it; or of all."),
]


@app.command()
def show(
    task: TaskName, to: options.To = None, as_json: options.Json = False, debug: options.Debug = False
) -> None:
    """The cursor of a task."""
    from tidegate.app.cursor_commands import show_command

    show_command(task, to, as_json=as_json, debug=debug)


@app.command("set")
def set_(
    task: TaskName,
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE", help="2026-01-31T09:30:00Z; of a task by windows, the day on which one begins."
        ),
    ],
    of_slice: Slice = None,
    to: options.To = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Move it: the next run asks for what came after. Not while a run has the task in hand."""
    from tidegate.app.cursor_commands import set_command

    set_command(task, value, to, slice_id=of_slice, as_json=as_json, debug=debug)


@app.command()
def reset(
    task: TaskName,
    of_slice: Slice = None,
    to: options.To = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Take it away: the next run begins at the task's start. Not while a run has the task in hand."""
    from tidegate.app.cursor_commands import reset_command

    reset_command(task, to, slice_id=of_slice, as_json=as_json, debug=debug)
