"""The command `doctor`: whether a run could work here, checked one thing after another, and what to do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tidegate.app.doctor_buckets import HOME
from tidegate.app.doctor_findings import Finding, Verdict, attempt
from tidegate.app.doctor_google import check_bigquery, check_buckets, check_secrets
from tidegate.app.doctor_machine import check_destination, check_home, check_machine
from tidegate.app.doctor_workflow import check_workflow
from tidegate.app.failures import exits
from tidegate.app.registry import find_workflow, own_workflows
from tidegate.app.text import printable
from tidegate.destinations.base import Destination
from tidegate.destinations.bigquery import BigQueryDestination
from tidegate.destinations.registry import open_destination
from tidegate.utils.errors import ExitCode
from tidegate.utils.home import Home
from tidegate.utils.project import Project

# Who has the warehouse open is not waited for: that is what is to be told.
_PATIENCE_S = 1.0


def doctor_command(names: Sequence[str], to: str | None, *, as_json: bool, debug: bool) -> None:
    with exits(debug=debug):
        project = Project.find(Path.cwd())
        for name in names:
            find_workflow(project, name)  # an unknown one is wrong usage
        destination = open_destination(to or project.destination, folder=project.root, patience_s=_PATIENCE_S)
        found = list[Finding]()
        for finding in _findings(project, destination, names or own_workflows(project)):
            found.append(finding)
            if not as_json:
                _show(finding)
        wrong = any(each.verdict is Verdict.WRONG for each in found)
        if as_json:
            told = {
                "ok": not wrong,
                "destination": destination.name,
                "checks": [asdict(each) for each in found],
            }
            sys.stdout.write(json.dumps(told) + "\n")
        if wrong:
            raise SystemExit(int(ExitCode.FAILED))


def _findings(project: Project, destination: Destination, names: Sequence[str]) -> Iterator[Finding]:
    yield from check_machine()
    home = yield from attempt("home", lambda: project.home(os.environ))
    if home is not None:
        yield from check_home(home)
    yield from _destination(destination, home)
    yield from check_secrets(project, os.environ)
    for name in names:
        yield from check_workflow(name, partial(find_workflow, project, name))


def _destination(destination: Destination, home: Home | None) -> Iterator[Finding]:
    kept = home.mirror.shown.removeprefix("gs://").partition("/")[0] if home is not None else ""
    buckets = {kept: HOME} if kept else {}
    if isinstance(destination, BigQueryDestination):
        yield from check_bigquery(destination.place, buckets)
        return
    yield from check_destination(destination)
    if buckets:
        yield from check_buckets(buckets)


def _show(finding: Finding) -> None:
    sys.stdout.write(f"{finding.verdict:8} {finding.check:12} {printable(finding.told)}\n")
    if finding.todo:
        sys.stdout.write(f"{'':21} {printable(finding.todo)}\n")
    sys.stdout.flush()
