"""The rows of a task in its report: what was built, and what became of it at the destination."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from tidegate.destinations.base import Landed
from tidegate.engine.exceptions import AccountingError
from tidegate.engine.job import Job
from tidegate.engine.landing import Landing
from tidegate.engine.moves import next_cursors, reached
from tidegate.engine.parts import Manifest
from tidegate.engine.report import TaskReport


def count_rows(report: TaskReport, job: Job, done: Mapping[str, Manifest]) -> None:
    """Of the slices that are done, and how far the task has come with them."""
    manifests = done.values()
    report.rows_fetched = sum(manifest.fetched for manifest in manifests)
    report.rows_added = sum(manifest.added for manifest in manifests)
    report.rows_dropped = sum(manifest.dropped for manifest in manifests)
    highs = {name: manifest.high for name, manifest in done.items()}
    come = reached(job.plan, next_cursors(job.plan, job.task, highs))
    report.cursor = None if come is None else come.astimezone(UTC).isoformat()


def count_landed(report: TaskReport, job: Job, landing: Landing, done: Mapping[str, Manifest]) -> None:
    """Of what is at the destination, if anything is. Raises `AccountingError` where the sum does not hold."""
    if not landing.landed:
        return
    landed = landing.whole()
    left = {each.id for unit in landing.left for each in unit.slices}
    there = {name: manifest for name, manifest in done.items() if name not in left}
    count_rows(report, job, _written(report, job, there, landed))
    report.rows_loaded, report.rows_superseded = landed.loaded, landed.superseded
    report.rows_quarantined, report.rows_deleted = landed.quarantined, landed.deleted
    costs = [each.cost for each in landing.landed.values() if each.cost is not None]
    report.bytes_billed = sum(cost.bytes_billed for cost in costs)
    report.slot_ms = sum(cost.slot_ms for cost in costs)
    report.warnings += [f"{job.name}: table {job.task.into.name}: {each}" for each in landed.changes]
    if not report.accounted:
        raise AccountingError(
            f"{report.rows_fetched} rows fetched and {report.rows_added} added are not the"
            f" {report.rows_loaded} loaded, {report.rows_superseded} superseded,"
            f" {report.rows_dropped} dropped and {report.rows_quarantined} quarantined",
            hint="This is a fault in tidegate: please report it.",
        )


def _written(
    report: TaskReport, job: Job, done: Mapping[str, Manifest], landed: Landed
) -> Mapping[str, Manifest]:
    """Those of the windows that were written: of a replay, later runs may have replaced some."""
    cells = {each.id: each.cell for each in job.plan.slices if each.cell is not None}
    if not job.again or not cells:
        return done
    written = set(landed.windows)
    left = [cell for cell in job.plan.cells if cell not in written]
    if left:
        shown = ", ".join(map(str, left[:10])) + (", ..." if len(left) > 10 else "")
        windows = "window is" if len(left) == 1 else "windows are"
        report.warnings.append(
            f"{job.name}: {len(left):,} {windows} left as later runs have written them: {shown}"
        )
    return {name: manifest for name, manifest in done.items() if cells[name] in written}
