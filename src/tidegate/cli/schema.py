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
    """The schema of a task's table, or of a view; of a workflow, those of all its tables and views."""
    from tidegate.app.failures import exits
    from tidegate.app.registry import find_tables
    from tidegate.app.schema_commands import show_schema
    from tidegate.utils.project import Project

    with exits(debug=debug):
        found = find_tables(Project.find(Path.cwd()), tasks)
        show_schema(found.tasks, found.named_views, format_, one="." in tasks)


@app.command("diff")
def diff(
    tasks: options.TasksOf,
    to: options.To = None,
    as_json: options.Json = False,
    any_difference: options.ExitOnDifference = False,
    debug: options.Debug = False,
) -> None:
    """What tables and views lack of their contracts; ends with 30 where a run would for it."""
    from tidegate.app.schema_diff_commands import diff_command

    diff_command(tasks, to, as_json=as_json, any_difference=any_difference, debug=debug)


@app.command("apply")
def apply(
    tasks: options.TasksOf,
    to: options.To = None,
    allow: options.Allow = None,
    debug: options.Debug = False,
) -> None:
    """Make tables and views what is declared; where rows could lose something, the old table is kept."""
    from tidegate.app.schema_diff_commands import apply_command

    apply_command(tasks, to, allow, debug=debug)
