"""`tidegate schema ...`. Signatures only, as in `main`."""

from __future__ import annotations

from pathlib import Path

import typer

from tidegate.app import options

app = typer.Typer(help="The schemas of tables.", no_args_is_help=True, rich_markup_mode=None)


@app.command("show")
def show(
    tasks: options.TasksOf,
    format_: options.SchemaAs = options.SchemaFormat.DUCKDB,
    debug: options.Debug = False,
) -> None:
    """The schema of a task's table, as its write contract says; of a workflow, those of all its tables."""
    from tidegate.app.failures import exits
    from tidegate.app.registry import find_tasks
    from tidegate.app.schema_commands import show_schema
    from tidegate.utils.project import Project

    with exits(debug=debug):
        show_schema(find_tasks(Project.find(Path.cwd()), tasks), format_, one="." in tasks)


@app.command("diff")
def diff(
    tasks: options.TasksOf,
    to: options.To = None,
    as_json: options.Json = False,
    any_difference: options.ExitOnDifference = False,
    debug: options.Debug = False,
) -> None:
    """What tables lack of their contracts; ends with 30 where a run would be refused for it."""
    from tidegate.app.schema_diff_commands import diff_command

    diff_command(tasks, to, as_json=as_json, any_difference=any_difference, debug=debug)


@app.command("apply")
def apply(
    tasks: options.TasksOf,
    to: options.To = None,
    allow: options.Allow = None,
    debug: options.Debug = False,
) -> None:
    """Make tables what their contracts ask for; where rows could lose something, the old table is kept."""
    from tidegate.app.schema_diff_commands import apply_command

    apply_command(tasks, to, allow, debug=debug)
