"""The commands `plan`, `extract` and `commit`: a run step by step, for orchestrators."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tidegate.app import parse
from tidegate.app.arguments import CommitArguments, ExtractArguments, PlanArguments
from tidegate.app.failures import exits
from tidegate.app.places import destination_of
from tidegate.app.registry import find_workflow
from tidegate.app.run_command import runner_of, work_and_show
from tidegate.app.stopping import stopped_by_signals
from tidegate.engine.invalid import Invalid
from tidegate.engine.plan import Plan, Slice
from tidegate.engine.planning import planned
from tidegate.engine.run import Options, Runner
from tidegate.engine.stages import stage_of
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import SettingsError
from tidegate.utils.project import Project


def plan_command(workflow: Callable[[], Workflow], arguments: PlanArguments) -> None:
    """Freeze the plan, and write it as one JSON object."""
    with exits(debug=arguments.debug):
        made = workflow()
        runner = runner_of(made, arguments)
        with stopped_by_signals(runner.stop):
            plan = runner.plan()
        _write(arguments.out, json.dumps(plain(plan, made)) + "\n")


def extract_command(arguments: ExtractArguments) -> None:
    """Extract, show, and exit with the code of what failed."""
    with exits(debug=arguments.debug):
        shard = parse.shard("--shard", arguments.shard, os.environ)
        then = f"extracted, not loaded: tidegate commit --run-id {arguments.run_id} loads what is whole\n"
        report = work_and_show(
            _runner(arguments), lambda runner: runner.extract(shard, arguments.stage), arguments, then=then
        )
    if code := arguments.exit_code(report.exit_code):
        raise SystemExit(code)


def commit_command(arguments: CommitArguments) -> None:
    """Commit, show, and exit with the run's code."""
    with exits(debug=arguments.debug):
        report = work_and_show(_runner(arguments), Runner.commit, arguments)
    if code := arguments.exit_code(report.exit_code):
        raise SystemExit(code)


def plain(plan: Plan, workflow: Workflow) -> dict[str, Any]:
    """For a machine: days inclusive, instants ISO 8601 in UTC. `slices` is None where a task waits for the
    rows of others; a value that a slice is about is told by its id only, for it may be personal.
    """
    stages = {each.name: stage_of(each) for each in workflow.tasks}
    return {
        "run_id": plan.run_id,
        "workflow": plan.workflow,
        "destination": plan.destination,
        "until": plan.until.isoformat(),
        "stages": max(stages[each.task] for each in plan.tasks),
        "tasks": [
            {
                "task": f"{plan.workflow}.{each.task}",
                "stage": stages[each.task],
                "slices": None if each.waits else list(map(_slice, each.slices)),
                "waits_for": list(each.waits),
                "warnings": list(each.warnings),
            }
            for each in plan.tasks
        ],
    }


def _slice(each: Slice) -> dict[str, str]:
    window = each.window
    return {"id": each.id} | (
        {} if window is None else {"first_day": str(window.first_day), "last_day": str(window.last_day)}
    )


def _runner(arguments: CommitArguments) -> Runner:
    """What works on the run, as it was planned. Raises `UsageError` where it was not."""
    project, stop = Project.find(Path.cwd()), Stop()
    home = project.home(os.environ)
    plan = planned(home, arguments.run_id)
    max_wait_s = parse.seconds("--max-wait", arguments.max_wait)
    typed, known = (
        destination_of(project, name, patience_s=max_wait_s, sleep=stop.sleep)
        for name in (plan.destination, plan.arguments["to"])
    )
    options = Options(
        run_id=arguments.run_id,
        max_wait_s=max_wait_s,
        invalid=_invalid(arguments, plan),
        build=project.build,
    )
    return Runner(
        find_workflow(project, plan.workflow),
        typed if typed.identity == known.identity else known,  # another working folder, perhaps
        home,
        options,
        stop=stop,
    )


def _invalid(arguments: CommitArguments, plan: Plan) -> Invalid:
    """What was typed, else what the plan says."""
    if arguments.on_invalid is None and arguments.max_invalid is None:
        return plan.invalid
    return parse.invalid(arguments.on_invalid or plan.invalid.on_invalid, arguments.max_invalid)


def _write(path: str | None, text: str) -> None:
    if path is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"--out {path} cannot be written: {error.strerror}",
            hint="Name a file in a folder that exists. The run is planned: the same command writes its plan.",
        ) from error
