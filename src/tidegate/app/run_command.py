"""The command `run`, as a workflow's own app and `tidegate` both have it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

from tidegate.app import parse
from tidegate.app.failures import exits
from tidegate.app.progress import progress_bars
from tidegate.app.tables import print_failures, print_report
from tidegate.destinations.registry import open_destination
from tidegate.engine.plan import Range
from tidegate.engine.report import RunReport
from tidegate.engine.run import Options, Runner
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import SettingsError
from tidegate.utils.project import Project


@dataclass(frozen=True)
class RunArguments:
    """The options of `run` as they were typed."""

    tasks: tuple[str, ...] = ()
    from_: str | None = None
    until: str | None = None
    full_refresh: bool = False
    to: str | None = None
    run_id: str | None = None
    new: bool = False
    max_wait: str | None = None
    summary: str | None = None
    progress: bool | None = None

    def options(self) -> Options:
        return Options(
            tasks=self.tasks,
            range=Range(parse.day("--from", self.from_), parse.day("--until", self.until), self.full_refresh),
            run_id=self.run_id or os.environ.get("CLOUD_RUN_EXECUTION"),
            new=self.new,
            max_wait_s=parse.seconds("--max-wait", self.max_wait),
        )


def run_command(workflow: Callable[[], Workflow], arguments: RunArguments, *, debug: bool) -> None:
    """Run, show, and exit with the run's code."""
    with exits(debug=debug):
        report = run_and_show(workflow(), arguments)
    if report.exit_code:
        raise SystemExit(int(report.exit_code))


def run_and_show(
    workflow: Workflow, arguments: RunArguments, *, connector: Connector | None = None
) -> RunReport:
    """Run with progress, then the table of rows by task and outcome, failures, and the summary."""
    out: TextIO = sys.stderr if arguments.summary == "-" else sys.stdout
    project = Project.find(Path.cwd())
    options = arguments.options()
    stop = Stop()
    _check_summary(arguments.summary)
    with signals(stop), progress_bars(arguments.progress) as listener:
        report = Runner(
            workflow=workflow,
            destination=open_destination(arguments.to or project.destination),
            home=project.home(os.environ),
            options=options,
            listener=listener,
            stop=stop,
            connector=connector,
        ).run()
    print_report(report, out)
    print_failures(report, sys.stderr)
    _write_summary(arguments.summary, report)
    return report


def _check_summary(path: str | None) -> None:
    """Raise before the run where the summary could not be written after it."""
    if path is None or path == "-":
        return
    try:
        Path(path).touch()
    except OSError as error:
        raise SettingsError(f"--summary {path} cannot be written: {error.strerror}") from error


def _write_summary(path: str | None, report: RunReport) -> None:
    line = json.dumps(report.summary()) + "\n"
    if path == "-":
        sys.stdout.write(line)
        sys.stdout.flush()
    elif path is not None:
        Path(path).write_text(line, encoding="utf-8")


@contextmanager
def signals(stop: Stop) -> Iterator[None]:
    """SIGINT and SIGTERM end the run in order: waits are cut, what was fetched stands. A second one kills."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
