"""`tidegate.run`: a run from Python, as the command line does it."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from tidegate.app import parse
from tidegate.app.places import destination_of
from tidegate.app.registry import find_workflow
from tidegate.engine.invalid import OnInvalid
from tidegate.engine.plan import Range
from tidegate.engine.report import RunReport
from tidegate.engine.run import Options, Runner
from tidegate.utils.project import Project


def run(
    workflow: str,
    *tasks: str,
    to: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    full_refresh: bool = False,
    run_id: str | None = None,
    new: bool = False,
    max_wait_s: float | None = None,
    on_invalid: OnInvalid = "raise",
    max_invalid: str | None = None,
) -> RunReport:
    """Run a workflow, or the named tasks of it, and give the report.

    Blocks until it is done. What fails in a task is in the report with its exit code; what keeps the run
    from beginning raises a `TidegateError`. Both days are inclusive. `max_invalid` (`"1%"` or `"100"`) goes
    with `on_invalid="quarantine"`.
    """
    project = Project.find(Path.cwd())
    return Runner(
        workflow=find_workflow(project, workflow),
        destination=destination_of(project, to),
        home=project.home(os.environ),
        options=Options(
            tasks=tasks,
            range=Range(first_day, last_day, full_refresh),
            run_id=run_id,
            new=new,
            max_wait_s=max_wait_s,
            invalid=parse.invalid(on_invalid, max_invalid),
            build=project.build,
        ),
    ).run()
