"""The command `drift`: the pages that a run fetched, against the read contract as it is now."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TextIO

from pydantic import BaseModel

from tidegate.app.failures import exits
from tidegate.app.tables import print_table
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.drift.compare import compare
from tidegate.engine.drift.findings import Finding
from tidegate.engine.drift.logged import profile_of
from tidegate.engine.drift.profile import Profile
from tidegate.engine.ledger import Ledger
from tidegate.engine.plan import Plan
from tidegate.engine.tasks import Task, read_model
from tidegate.engine.workflows import Workflow
from tidegate.utils.errors import UsageError
from tidegate.utils.home import Home

# The ledger is asked for this many of the latest runs.
_LOOKED_AT = 1000


@dataclass(frozen=True)
class Told:
    """What drift tells of one task of one run."""

    task: str
    run: str
    contract: str
    rows: int
    earlier_runs: int
    findings: Sequence[Finding]


def drift_command(
    workflow: Callable[[], Workflow], name: str, home: Home, *, run: str | None, as_json: bool, debug: bool
) -> None:
    with exits(debug=debug):
        told = tell(workflow(), name, home, run)
        if as_json:
            sys.stdout.write(json.dumps(asdict(told), ensure_ascii=False) + "\n")
        else:
            show(told, sys.stdout)


def tell(workflow: Workflow, name: str, home: Home, run: str | None) -> Told:
    """Of the run that is named, or of the latest one with this task. Needs no settings of the API."""
    task = workflow.task(name)
    qualified = f"{workflow.name}.{task.name}"
    baselines = Baselines.of(home, qualified)
    run_id, profile = _profile(workflow.name, task.name, home, baselines, run)
    model, earlier = _reads(workflow, task, home, run_id), baselines.earlier(run_id)
    findings = compare(profile, model, earlier)
    return Told(qualified, run_id, model.__name__, profile.rows, len(earlier), findings)


def _profile(
    workflow: str, task: str, home: Home, baselines: Baselines, run: str | None
) -> tuple[str, Profile]:
    with Ledger(home) as ledger:
        known = [each.run_id for each in ledger.runs(_LOOKED_AT) if each.workflow == workflow]
    for run_id in known if run is None else [run]:
        found = profile_of(home.root / "runs" / run_id / task) or baselines.of_run(run_id)
        if found is not None:
            return run_id, found
    raise UsageError(
        f"{'no run' if run is None else f'no run {run}'} has left pages of {workflow}.{task} here",
        hint=f"`tidegate run {workflow} {task}` fetches some; `tidegate runs` shows what has run.",
    )


def _reads(workflow: Workflow, task: Task[Any, Any, Any], home: Home, run: str) -> type[BaseModel]:
    model = read_model(task.fetch)
    if model is not None:
        return model
    plan = Plan.load(home.root / "runs" / run / "plan.json")
    slices = [each for one in plan.tasks if one.task == task.name for each in one.slices] if plan else []
    if not slices:
        raise UsageError(
            f"which contract {workflow.name}.{task.name} reads cannot be told",
            hint="Annotate the task's function: -> Call[ApiOrder].",
        )
    connector = workflow.factory.create_connector()
    try:
        reads: type[BaseModel] = task.call(connector, slices[0].window, slices[0].values).reads
        return reads
    finally:
        connector.client.close()


def show(told: Told, out: TextIO) -> None:
    """The findings, warnings first, then the lines of Python."""
    runs = "1 earlier run" if told.earlier_runs == 1 else f"{told.earlier_runs} earlier runs"
    out.write(f"{told.task}, run {told.run}: {told.rows:,} rows against {told.contract} and {runs}\n")
    if not told.findings:
        out.write("no drift\n")
        return
    out.write("\n")
    rows = [(each.level, each.kind, each.path, each.text) for each in told.findings]
    print_table(("level", "what", "field", "what came"), rows, out)
    mends = list(dict.fromkeys(each.mend for each in told.findings if each.mend))
    if mends:
        out.write("\nWhat would mend the contract:\n")
        out.writelines(f"\n{mend}\n" for mend in mends)
