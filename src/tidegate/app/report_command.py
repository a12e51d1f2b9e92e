"""The command `report`: one run again, for a person, a machine, or as a page."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tidegate.app.failures import exits
from tidegate.app.html_report import html_report
from tidegate.app.tables import print_failures, print_report, print_table
from tidegate.engine.course import Turns
from tidegate.engine.record import STATES, Record
from tidegate.utils.errors import SettingsError, UsageError
from tidegate.utils.project import Project


def report_command(run_id: str, *, as_json: bool, html: str | None, debug: bool) -> None:
    """Whatever became of the run, looking at it ends with 0."""
    with exits(debug=debug):
        home = Project.find(Path.cwd()).home(os.environ)
        if not home.exists:
            raise UsageError(f"there is no run {run_id!r} here", hint="Nothing has run here yet.")
        record = Record.of(home, run_id)
        if html is not None:
            _write(html, html_report(record))
        if as_json:
            sys.stdout.write(json.dumps(record.plain()) + "\n")
        elif html is None:
            _show(record)


def _show(record: Record) -> None:
    if record.report is None:
        sys.stdout.write(f"run {record.row.run_id} into {record.row.destination} is not finished\n")
    else:
        print_report(record.report, sys.stdout)
        print_failures(record.report, sys.stdout)
    if record.slices:
        sys.stdout.write("\n")
        rows = [(each.task, *(f"{count:,}" for count in each.counts.values())) for each in record.slices]
        print_table(("slices of", *STATES), rows, sys.stdout, right=range(1, 1 + len(STATES)))
    if record.course is not None and record.course.breakers:
        sys.stdout.write("\n")
        counts = [(name, *_turns(turns)) for name, turns in record.course.breakers.items()]
        print_table(("breaker of", "opened", "probed", "closed"), counts, sys.stdout, right=(1, 2, 3))


def _turns(turns: Mapping[int, Turns]) -> list[str]:
    names = ("opened", "probed", "closed")
    return [f"{sum(getattr(each, name) for each in turns.values()):,}" for name in names]


def _write(path: str, page: str) -> None:
    try:
        Path(path).write_text(page, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"--html {path} cannot be written: {error.strerror}", hint="Name a file in a folder that exists."
        ) from error
