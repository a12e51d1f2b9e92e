"""The record of a run as one HTML page that needs nothing else: no script, no font, no image from elsewhere.

Whatever came from a vendor (names, errors, drift) is text on it, and never markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from tidegate.app import plots
from tidegate.app.text import duration, moment, printable
from tidegate.engine.course import Bucket, Course
from tidegate.engine.record import STATES, Record
from tidegate.engine.report import RunReport, TaskReport

_OUTCOMES = {"loaded": "#2a7f62", "superseded": "#8fb8a8", "dropped": "#b9b9b9", "quarantined": "#c7522a"}
_STATES = {"waits": "#d9d9d9", "begun": "#e0a458", "stood": "#8fb8a8", "ran": "#2a7f62"}
_LINES = (
    ("pages", "pages built", "#33658a"),
    ("rows", "rows fetched", "#2a7f62"),
    ("waited_s", "seconds of waiting for quota", "#e0a458"),
    ("retries", "retries", "#c7522a"),
)
_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 14px/1.45 system-ui, sans-serif; max-width: 960px; margin: 2em auto; padding: 0 1em }}
h1 {{ font-size: 1.4em }} h2 {{ font-size: 1.1em; margin: 2em 0 .5em }}
h3 {{ font-size: 1em; margin: 1.2em 0 .3em }}
table {{ border-collapse: collapse; margin: .5em 0 }}
th, td {{ text-align: left; padding: .2em 1em .2em 0; border-bottom: 1px solid #ddd; vertical-align: top }}
td {{ overflow-wrap: anywhere }} td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums }}
svg {{ display: block; max-width: 100%; background: #f6f6f6 }} .mark {{ stroke: #222; stroke-dasharray: 3 3 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6; padding: .6em }}
.key {{ display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em }}
</style></head><body>
"""


def html_report(record: Record) -> str:
    """The page. Of a run that failed, is at work or was killed it has what there is."""
    title = f"Run {record.row.run_id} of {record.row.workflow}"
    parts = [_HEAD.format(title=_text(title)), f"<h1>{_text(title)}</h1>", _facts(record)]
    if record.report is not None:
        parts += [*_failures(record.report), *_rows(record.report)]
    parts += _plan(record)
    if record.course is not None:
        parts += _course(record.course)
    if record.report is not None:
        parts += [*_warnings(record.report), *_drift(record.report)]
    return "\n".join([*parts, "</body></html>\n"])


def _text(value: object) -> str:
    return escape(printable(str(value)), quote=True)


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]], right: int | None = None) -> str:
    """`right` is the first of the columns that hold numbers."""

    def line(tag: str, cells: Sequence[Any]) -> str:
        kinds = [' class="n"' if right is not None and place >= right else "" for place in range(len(cells))]
        return "".join(f"<{tag}{kind}>{_text(each)}</{tag}>" for kind, each in zip(kinds, cells, strict=True))

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f"<table><tr>{line('th', header)}</tr>{body}</table>"


def _key(colours: dict[str, str], counts: dict[str, int]) -> str:
    return "".join(
        f'<span class="key" style="background:{colour}"></span>{_text(f"{counts[name]:,} {name}")}'
        for name, colour in colours.items()
    )


def _facts(record: Record) -> str:
    row, report = record.row, record.report
    status = "unfinished" if report is None else f"{report.status} (exit {int(report.exit_code)})"
    facts = [
        ("status", status),
        ("into", row.destination),
        ("started", moment(row.started_at.replace(microsecond=0))),
        ("ended", "" if row.finished_at is None else moment(row.finished_at.replace(microsecond=0))),
    ]
    if report is not None:
        facts.append(("last attempt", duration(report.duration_s)))
    if record.course is not None:
        count = len(record.course.attempts)
        attempts = "1 attempt" if count == 1 else f"{count:,} attempts"
        facts.append(("at work", f"{duration(record.course.worked_s)} in {attempts}"))
    return _table(("what", "value"), facts)


def _failures(report: RunReport) -> Iterator[str]:
    failed = [task for task in report.tasks if task.error is not None]
    if failed:
        yield "<h2>What failed</h2>"
    for task in failed:
        lines = [*(task.error or "").split("\n"), *([task.hint] if task.hint else [])]
        yield f"<h3>{_text(task.task)}</h3><pre>{'<br>'.join(map(_text, lines))}</pre>"


def _rows(report: RunReport) -> Iterator[str]:
    yield "<h2>Rows by outcome</h2>"
    for task in report.tasks:
        counts = {name: getattr(task, f"rows_{name}") for name in _OUTCOMES}
        yield f"<h3>{_text(task.task)}: {_text(task.status)}, table {_text(task.table)}</h3>"
        if any(counts.values()):
            bar = plots.shares([(counts[name], colour) for name, colour in _OUTCOMES.items()])
            yield f"{bar}<p>{_key(_OUTCOMES, counts)}</p>"
    header = ("task", "fetched", "added", *_OUTCOMES, "pages", "resumed", "calls", "retries", "waited")
    yield _table(header, map(_figures, report.tasks), right=1)


def _figures(task: TaskReport) -> tuple[str, ...]:
    names = ("rows_fetched", "rows_added", *(f"rows_{name}" for name in _OUTCOMES))
    more = ("pages", "pages_resumed", "api_calls", "retries")
    return (
        task.task,
        *(f"{getattr(task, name):,}" for name in (*names, *more)),
        duration(task.waited_s),
    )


def _plan(record: Record) -> Iterator[str]:
    if record.slices:
        yield "<h2>Plan</h2><p>Slices in their order. Stood: whole when the last attempt began.</p>"
    for each in record.slices:
        ranks = [STATES.index(state) for state in each.states]
        yield f"<h3>{_text(each.task)}: {len(ranks):,} slices</h3>"
        yield plots.strip(ranks, [_STATES[state] for state in STATES])
        yield f"<p>{_key(_STATES, each.counts)}</p>"


def _course(course: Course) -> Iterator[str]:
    count = int(course.worked_s / course.width_s) + 1
    whole_s = count * course.width_s
    marks = [offset / whole_s for _, offset in course.attempts[1:]]
    yield "<h2>Over time</h2>"
    resumed = " Dashed: the run was resumed." if marks else ""
    yield f"<p>{_text(duration(course.worked_s))} at work, {course.width_s:g} s a column.{resumed}</p>"
    for task, buckets in sorted(course.tasks.items()):
        yield f"<h3>{_text(task)}</h3>"
        for name, label, colour in _LINES:
            values = _values(buckets, name)
            if any(values.values()):
                most, total = max(values.values()), sum(values.values())
                yield f"<p>{label}: {total:,.6g} in all, {most:,.6g} in one column at most</p>"
                yield plots.columns(values, count, colour, marks)


def _values(buckets: dict[int, Bucket], name: str) -> dict[int, float]:
    return {number: float(getattr(bucket, name)) for number, bucket in buckets.items()}


def _warnings(report: RunReport) -> Iterator[str]:
    told = [warning for task in report.tasks for warning in task.warnings]
    if told:
        yield "<h2>Warnings</h2><ul>" + "".join(f"<li>{_text(each)}</li>" for each in told) + "</ul>"


def _drift(report: RunReport) -> Iterator[str]:
    found = [
        (task.task, each.level, each.kind, each.path, each.text)
        for task in report.tasks
        for each in task.drift
    ]
    if found:
        yield "<h2>Drift</h2>"
        yield _table(("task", "level", "what", "field", "what came"), found)
