"""The commands of `tidegate`. Signatures only: what a command does is imported when it is called."""

from __future__ import annotations

from gc import set_threshold
from pathlib import Path
from typing import Annotated

import typer

from tidegate.app import options
from tidegate.app.arguments import (
    CommitArguments,
    ExtractArguments,
    PlanArguments,
    ReplayArguments,
    RunArguments,
    takes,
)
from tidegate.cli import cursor, quarantine, schema
from tidegate.cli.new_arguments import NewArguments

app = typer.Typer(
    name="tidegate",
    help="Typed contracts from API to warehouse.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.add_typer(cursor.app, name="cursor")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(schema.app, name="schema")

TaskName = Annotated[str, typer.Argument(metavar="WORKFLOW.TASK")]


def _version(wanted: bool) -> None:
    if wanted:
        from tidegate.utils.version import __version__

        typer.echo(f"tidegate {__version__}")
        raise typer.Exit


@app.callback()
def tidegate(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Typed contracts from API to warehouse."""


def main() -> None:
    """The entry point. Exit codes as in the README; 2 is Typer's own for wrong usage, too."""
    set_threshold(50_000, 20, 100)  # a tenth of a second of looking at modules for garbage
    app()


@app.command()
def demo(
    rows: Annotated[
        int, typer.Option("--rows", min=100, max=1_000_000, help="Events of the stand-in.")
    ] = 5000,
    faults: Annotated[
        float, typer.Option("--faults", min=0, max=0.5, help="Share of failing answers.")
    ] = 0.05,
    quota: Annotated[
        float, typer.Option("--quota", min=0.01, help="Rate over the vendor's default.")
    ] = 600.0,
    to: options.To = None,
    debug: options.Debug = False,
) -> None:
    """A stand-in Brevo on this machine, into DuckDB, end to end."""
    from tidegate.cli.demo import demo_command

    demo_command(rows=rows, faults=faults, quota=quota, to=to, debug=debug)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made if it is not there.")] = Path(),
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Of the project (default: the folder's).")
    ] = None,
    to: options.To = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made; write nothing.")
    ] = False,
    debug: options.Debug = False,
) -> None:
    """Make a project of your own: folders, settings, tests, CI, Dockerfile. Overwrites nothing."""
    from tidegate.cli.init import init_command

    init_command(folder, name=name, to=to, dry_run=dry_run, debug=debug)


@app.command()
@takes(NewArguments)
def new(
    api: Annotated[str, typer.Argument(metavar="API", help="What it is called here: a Python name.")],
    arguments: NewArguments,
) -> None:
    """Write connector, workflow and tests of an API from its description; again: merge, yours stays."""
    from tidegate.cli.new import new_command

    new_command(api, arguments)


@app.command()
@takes(RunArguments)
def run(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW")],
    arguments: RunArguments,
) -> None:
    """Run a workflow, or some of its tasks; the same command resumes where it stopped."""
    from tidegate.app.registry import find_workflow
    from tidegate.app.run_command import run_command
    from tidegate.utils.project import Project

    run_command(lambda: find_workflow(Project.find(Path.cwd()), workflow), arguments)


@app.command()
@takes(PlanArguments)
def plan(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW")],
    arguments: PlanArguments,
) -> None:
    """The first of a run's three steps: freeze what it will do, and print that as JSON."""
    from tidegate.app.registry import find_workflow
    from tidegate.app.step_commands import plan_command
    from tidegate.utils.project import Project

    plan_command(lambda: find_workflow(Project.find(Path.cwd()), workflow), arguments)


@app.command()
@takes(ExtractArguments)
def extract(arguments: ExtractArguments) -> None:
    """The second step: fetch and build the slices of a planned run, or of a shard of it; loads nothing."""
    from tidegate.app.step_commands import extract_command

    extract_command(arguments)


@app.command()
@takes(CommitArguments)
def commit(arguments: CommitArguments) -> None:
    """The third step: load what was extracted, and report; asks no API."""
    from tidegate.app.step_commands import commit_command

    commit_command(arguments)


@app.command("list")
def list_(debug: options.Debug = False) -> None:
    """What can run: workflows, tasks, tables."""
    from tidegate.app.failures import exits
    from tidegate.app.inspect_commands import list_command
    from tidegate.app.registry import workflows
    from tidegate.utils.project import Project

    with exits(debug=debug):
        list_command(workflows(Project.find(Path.cwd())).values())


@app.command()
def show(task: TaskName, as_json: options.Json = False, debug: options.Debug = False) -> None:
    """One task: contracts, table, windows, quotas, and how often it may run."""
    from tidegate.app.failures import exits
    from tidegate.app.registry import find_task
    from tidegate.app.show_command import show_command
    from tidegate.utils.project import Project

    with exits(debug=debug):
        workflow, name = find_task(Project.find(Path.cwd()), task)
    show_command(lambda: workflow, name, as_json=as_json, debug=debug)


@app.command()
def preview(
    task: TaskName,
    rows: Annotated[int, typer.Option("--rows", min=1, max=1000)] = 5,
    debug: options.Debug = False,
) -> None:
    """The first rows of a task as they would be loaded; loads nothing."""
    from tidegate.app.failures import exits
    from tidegate.app.inspect_commands import preview_command
    from tidegate.app.registry import find_task
    from tidegate.utils.project import Project

    with exits(debug=debug):
        workflow, name = find_task(Project.find(Path.cwd()), task)
    preview_command(lambda: workflow, name, rows, debug=debug)


@app.command()
def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """The latest runs on this machine."""
    from tidegate.cli.history import runs_command

    runs_command(limit, as_json=as_json, debug=debug)


@app.command()
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="`tidegate runs` shows them.")],
    as_json: options.Json = False,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write a page with plots there.")
    ] = None,
    debug: options.Debug = False,
) -> None:
    """One run again: rows by outcome, failures, its plan, and its course over time."""
    from tidegate.app.report_command import report_command

    report_command(run, as_json=as_json, html=html, debug=debug)


@app.command()
def status(to: options.To = None, as_json: options.Json = False, debug: options.Debug = False) -> None:
    """How fresh every table of the destination is."""
    from tidegate.cli.history import status_command

    status_command(to, as_json=as_json, debug=debug)


@app.command()
def doctor(
    workflows: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORKFLOW", help="Whose credential is tried (default: the project's own)."),
    ] = None,
    to: options.To = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Check whether a run could work here, and say what to do: identity, permissions, places, keys."""
    from tidegate.app.doctor import doctor_command

    doctor_command(workflows or [], to, as_json=as_json, debug=debug)


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
    unfinished: Annotated[
        str | None,
        typer.Option("--unfinished", metavar="AGE", help="Unfinished runs too, untouched for so long (30d)."),
    ] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Remove pages of finished runs that are past keep_pages, and what dead processes have left."""
    from tidegate.app.gc_command import gc_command

    gc_command(dry_run=dry_run, unfinished=unfinished, as_json=as_json, debug=debug)


@app.command()
def sandbox(
    api: Annotated[str, typer.Argument(metavar="API", help="acme, brevo, sendgrid or titelive")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
    rows: Annotated[int, typer.Option("--rows", min=0, max=2_000_000, help="Of its largest table.")] = 5000,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    quota: Annotated[float, typer.Option("--quota", min=0.01, help="Rate over the vendor's default.")] = 1.0,
    faults: Annotated[float, typer.Option("--faults", min=0, max=1, help="Share of failing answers.")] = 0.0,
    churn: Annotated[float, typer.Option("--churn", min=0, max=1, help="Changes per request.")] = 0.0,
    drift: options.Drift = None,
    debug: options.Debug = False,
) -> None:
    """Serve a stand-in API on this machine until it is interrupted."""
    from tidegate.cli.sandbox import Wishes, sandbox_command

    wishes = Wishes(rows, seed, quota, faults, churn, drift or ())
    sandbox_command(api, wishes, port=port, debug=debug)


@app.command()
@takes(ReplayArguments)
def replay(
    run: Annotated[str, typer.Argument(metavar="RUN", help="`tidegate runs` shows them.")],
    arguments: ReplayArguments,
) -> None:
    """An earlier run again from its page log, by today's contracts; asks no API."""
    from tidegate.app.replay_command import replay_command

    replay_command(run, arguments)


@app.command()
def drift(
    task: TaskName,
    run: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="Which run (default: the latest).")
    ] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """What the API sent that the contract, or earlier runs, did not know; with the lines that mend it."""
    import os

    from tidegate.app.drift_commands import drift_command
    from tidegate.app.failures import exits
    from tidegate.app.registry import find_task
    from tidegate.utils.project import Project

    with exits(debug=debug):
        project = Project.find(Path.cwd())
        workflow, name = find_task(project, task)
        home = project.home(os.environ)
    drift_command(lambda: workflow, name, home, run=run, as_json=as_json, debug=debug)
