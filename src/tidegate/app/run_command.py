"""The command `run`, as a workflow's own app and `tidegate` both have it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from tidegate.app import parse
from tidegate.app.arguments import Asking, RunArguments, Working
from tidegate.app.failures import exits
from tidegate.app.options import ExecutorKind
from tidegate.app.places import destination_of
from tidegate.app.progress import progress_bars
from tidegate.app.stopping import stopped_by_signals
from tidegate.app.tables import print_failures, print_report
from tidegate.engine.events import RunEvent, TaskDone
from tidegate.engine.housekeeping import over_cap
from tidegate.engine.plan import Range
from tidegate.engine.report import RunReport
from tidegate.engine.run import Options, Runner
from tidegate.engine.workflows import Connector, Workflow
from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import ExitCode, SettingsError, UsageError, is_full
from tidegate.utils.heaps import keep_heaps_few
from tidegate.utils.project import Project


def options_of(arguments: Asking) -> Options:
    """What was typed, as the engine takes it."""
    return Options(
        tasks=tuple(arguments.tasks or ()),
        range=Range(
            parse.day("--from", arguments.from_),
            parse.day("--until", arguments.until),
            arguments.full_refresh,
        ),
        run_id=arguments.run_id or (None if arguments.new else os.environ.get("CLOUD_RUN_EXECUTION")) or None,
        new=arguments.new,
        max_wait_s=parse.seconds("--max-wait", arguments.max_wait),
        invalid=parse.invalid(arguments.on_invalid, arguments.max_invalid),
    )


def run_command(workflow: Callable[[], Workflow], arguments: RunArguments) -> None:
    """Run, show, and exit with the run's code."""
    with exits(debug=arguments.debug):
        _check_no_shard(arguments)
        report = run_and_show(workflow(), arguments)
    if code := arguments.exit_code(report.exit_code):
        raise SystemExit(code)


def run_and_show(
    workflow: Workflow,
    arguments: RunArguments,
    *,
    connector: Connector | None = None,
) -> RunReport:
    """Run with progress, then the table of rows by task and outcome, failures, and the summary."""
    workers = _workers(arguments)
    runner = runner_of(workflow, arguments, cores=workers or 1)
    runner.connector = connector
    return work_and_show(runner, Runner.run if workers is None else _by_processes(workers), arguments)


def _workers(arguments: RunArguments) -> int | None:
    """How many worker processes a run has; None where this process works it."""
    if arguments.executor is ExecutorKind.PROCESSES:
        return arguments.workers or os.cpu_count() or 1
    if arguments.workers is not None:
        raise UsageError("--workers goes with --executor processes")
    return None


def _by_processes(count: int) -> Callable[[Runner], RunReport]:
    from tidegate.engine.processes import Processes

    return lambda runner: Processes(runner, count, Project.find(Path.cwd()).segments).run()


def runner_of(workflow: Workflow, arguments: Asking, *, cores: int = 1) -> Runner:
    """What runs what was typed; a destination that works here may take so many cores."""
    project, stop, options = Project.find(Path.cwd()), Stop(), options_of(arguments)
    destination = destination_of(
        project, arguments.to, patience_s=options.max_wait_s, sleep=stop.sleep, cores=cores
    )
    options = replace(options, build=project.build)
    return Runner(workflow, destination, project.home(os.environ), options, stop=stop)


def work_and_show(
    runner: Runner, step: Callable[[Runner], RunReport], arguments: Working, *, then: str = ""
) -> RunReport:
    """Do the step with progress, then show what came of it; `then` says how to go on where all went well."""
    _check_summary(arguments.summary)
    keep_heaps_few()
    began, failures = datetime.now(UTC), Failures()
    with stopped_by_signals(runner.stop), progress_bars(arguments.progress) as bars:

        def hear(event: RunEvent) -> None:
            bars(event)
            failures.hear(event)

        runner.listener = hear
        report = step(runner)
    if report.started_at < began:
        out = _out(arguments.summary)
        out.write(f"run {report.run_id} is finished since {report.started_at:%Y-%m-%d %H:%M:%S}")
        out.write(" UTC: nothing was asked for or loaded again\n\n")
    if arguments.debug:
        failures.print_tracebacks()
    show_report(report, arguments.summary)
    if report.status == "extracted":
        _out(arguments.summary).write(then)
    if (large := over_cap(runner.home, Project.find(Path.cwd()).max_state_bytes)) is not None:
        sys.stderr.write(f"note: {large}\n")
    return report


def show_report(report: RunReport, summary: str | None) -> None:
    """The table of rows, failures and what to do about them, and the summary where it is wanted."""
    print_report(report, _out(summary))
    print_failures(report, sys.stderr)
    _write_summary(summary, report)


def _out(summary: str | None) -> TextIO:
    """With `--summary -` standard output is the machine's."""
    return sys.stderr if summary == "-" else sys.stdout


def _check_no_shard(arguments: RunArguments) -> None:
    if arguments.shard is not None:
        raise UsageError(
            "run takes no --shard: it plans, extracts and commits in one process",
            hint="Take the steps one by one: tidegate plan WORKFLOW --run-id ID;"
            f" tidegate extract --run-id ID --shard {arguments.shard}, and the other shards;"
            " tidegate commit --run-id ID",
        )


class Failures:
    """The errors that tasks ended with, for `--debug`: the report has their messages only."""

    def __init__(self) -> None:
        self._errors: list[BaseException] = []

    def hear(self, event: RunEvent) -> None:
        if isinstance(event, TaskDone) and event.error is not None:
            self._errors.append(event.error)

    def print_tracebacks(self) -> None:
        import traceback

        for error in self._errors:
            traceback.print_exception(error, file=sys.stderr)


def _check_summary(path: str | None) -> None:
    """Raise before the run where the summary could not be written after it."""
    if path is None or path == "-":
        return
    try:
        Path(path).touch()
    except OSError as error:
        raise SettingsError(
            f"--summary {path} cannot be written: {error.strerror}",
            hint="Name a file in a folder that exists, or - for the last line of standard output.",
        ) from error


def _write_summary(path: str | None, report: RunReport) -> None:
    line = json.dumps(report.summary()) + "\n"
    if path == "-":
        sys.stdout.write(line)
        sys.stdout.flush()
    elif path is not None:
        try:
            Path(path).write_text(line, encoding="utf-8")
        except OSError as error:
            unwritten = SettingsError(
                f"--summary {path} cannot be written: {error.strerror}",
                hint=f"The run ended as told above; tidegate report {report.run_id} --json has its summary.",
            )
            unwritten.exit_code = ExitCode.TRY_AGAIN if is_full(error) else ExitCode.FAILED
            raise unwritten from error
