"""`tidegate quarantine ...`. Signatures only, as in `main`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidegate.app import options

app = typer.Typer(help="Rows that broke a contract, kept aside.", no_args_is_help=True, rich_markup_mode=None)

Task = Annotated[str | None, typer.Option("--task", metavar="WORKFLOW.TASK", help="Of this task only.")]
Run = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Of this run only.")]


@app.command("list")
def list_(
    task: Task = None,
    run: Run = None,
    to: options.To = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows to show.")] = 20,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """The rows, and what is wrong with each."""
    from tidegate.app.quarantine_commands import Wanted, list_command

    list_command(Wanted(to, task, run), limit=limit, as_json=as_json, debug=debug)


@app.command()
def show(
    row: Annotated[str, typer.Argument(metavar="ID", help="Its beginning is enough.")],
    to: options.To = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """One row: where it came from, what is wrong, and what came."""
    from tidegate.app.quarantine_commands import Wanted, show_command

    show_command(Wanted(to), row, as_json=as_json, debug=debug)


@app.command()
def replay(
    task: Task = None,
    run: Run = None,
    to: options.To = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Build the rows again by today's contracts and add those that pass; asks no API."""
    from tidegate.app.quarantine_commands import Wanted, replay_command

    replay_command(Wanted(to, task, run), as_json=as_json, debug=debug)
