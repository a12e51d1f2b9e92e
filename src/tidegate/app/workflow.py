"""`workflow(...)`: the tasks of one API as a Typer app of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tidegate.app import options
from tidegate.app.arguments import RunArguments, takes
from tidegate.contracts.view import View
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Factory, Workflow


class WorkflowApp(typer.Typer):
    """A Typer app that knows its workflow, so that `tidegate run NAME` finds the tasks."""

    def __init__(self, of: Workflow) -> None:
        super().__init__(
            name=of.name,
            help=f"The {of.name} workflow: {', '.join(task.name for task in of.tasks)}.",
            no_args_is_help=True,
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
        )
        self.workflow = of


def workflow(
    name: str,
    factory: Factory,
    tasks: Sequence[Task[Any, Any, Any]],
    *,
    views: Sequence[View] = (),
) -> WorkflowApp:
    """Make the app. Raises `ValueError` where two tasks, tables or views have the same name, or a view is
    over a table that no task fills.
    """
    made = Workflow(name, factory, tuple(tasks), tuple(views))
    app = WorkflowApp(made)

    @app.command("run")
    @takes(RunArguments)
    def run_(arguments: RunArguments) -> None:
        """Fetch, check and load; the same command resumes where it stopped."""
        from tidegate.app.run_command import run_command

        run_command(lambda: made, arguments)

    @app.command("list")
    def list_(debug: options.Debug = False) -> None:
        """The tasks, their tables, and the views over them."""
        from tidegate.app.failures import exits
        from tidegate.app.inspect_commands import list_command

        with exits(debug=debug):
            list_command([lambda: made])

    @app.command("show")
    def show_(
        task: Annotated[str, typer.Argument(metavar="TASK")],
        as_json: options.Json = False,
        debug: options.Debug = False,
    ) -> None:
        """One task: contracts, table, what it asks for, and how often it may run; or one view."""
        from tidegate.app.show_command import show_command

        show_command(lambda: made, task, as_json=as_json, debug=debug)

    @app.command("preview")
    def preview_(
        task: Annotated[str, typer.Argument(metavar="TASK")],
        rows: Annotated[int, typer.Option("--rows", min=1, max=1000)] = 5,
        debug: options.Debug = False,
    ) -> None:
        """The first rows of a task as they would be loaded; loads nothing."""
        from tidegate.app.inspect_commands import preview_command

        preview_command(lambda: made, task, rows, debug=debug)

    return app
