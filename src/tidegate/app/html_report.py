"""The record of a run as one HTML page that stands by itself: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.app import plots
from tidegate.app.html_page import counted, keys, page, plot, table, text, tiles
from tidegate.app.text import duration, moment
from tidegate.engine.course import CLOSED, HALF_OPEN, OPEN, Bucket, Course
from tidegate.engine.record import STATES, Record
from tidegate.engine.report import RunReport, TaskReport

_OUTCOMES = {"loaded": "good", "superseded": "before", "dropped": "none", "quarantined": "bad"}
_SLICES = {"waits": "none", "begun": "wait", "stood": "before", "ran": "good"}
_BREAKERS = {CLOSED: "good", HALF_OPEN: "wait", OPEN: "bad"}
_LINES = (
    ("pages", "pages built", "pages"),
    ("rows", "rows fetched", "good"),
    ("waited_s", "seconds of waiting for quota", "wait"),
    ("retries", "retries", "bad"),
)


def html_report(record: Record) -> str:
    """The page. Of a run that failed, is at work or was killed it has what there is."""
    title = f"Run {record.row.run_id} of {record.row.workflow}"
    parts = [f"<h1>{text(title)}</h1>", _state(record.report), _tiles(record), _facts(record)]
    if record.report is not None:
        parts += [*_failures(record.report), *_rows(record.report), *_views(record.report)]
    parts += _plan(record)
    if record.course is not None:
        parts += [*_course(record.course, record.report), *_breakers(record.course)]
    if record.report is not None:
        parts += [*_warnings(record.report), *_drift(record.report)]
    return page(title, parts)


def _state(report: RunReport | None) -> str:
    if report is None:
        return '<p><span class="state wait">unfinished</span></p>'
    colour = {0: "good", 10: "wait"}.get(int(report.exit_code), "bad")
    return f'<p><span class="state {colour}">{text(report.status)}, exit {int(report.exit_code)}</span></p>'


def _tiles(record: Record) -> str:
    tasks = record.report.tasks if record.report else []
    told = [(f"{sum(task.rows_loaded for task in tasks):,}", "rows loaded")] if tasks else []
    if quarantined := sum(task.rows_quarantined for task in tasks):
        told.append((f"{quarantined:,}", "rows in quarantine"))
    if deleted := sum(task.rows_deleted for task in tasks):
        told.append((f"{deleted:,}", "rows deleted"))
    if record.course is not None:
        buckets = [each for task in record.course.tasks.values() for each in task.values()]
        waited_s, retries = sum(each.waited_s for each in buckets), sum(each.retries for each in buckets)
        attempts = counted(len(record.course.attempts), "attempt")
        told += [
            (f"{sum(each.pages for each in buckets):,}", "pages built"),
            (f"{retries:,}", "retry" if retries == 1 else "retries"),
            (duration(waited_s), "waiting for quota, all added"),
            (
                duration(record.course.worked_s),
                f"at work in {attempts}",
            ),
        ]
    return tiles(told) if told else ""


def _facts(record: Record) -> str:
    row = record.row
    facts = [("into", row.destination), ("started", moment(row.started_at.replace(microsecond=0)))]
    if row.finished_at is not None:
        facts.append(("ended", moment(row.finished_at.replace(microsecond=0))))
    if record.report is not None:
        facts.append(("last attempt", duration(record.report.duration_s)))
    return "".join(f'<p><span class="quiet">{text(name)}</span> {text(value)}</p>' for name, value in facts)


def _failures(report: RunReport) -> Iterator[str]:
    failed = [(task.task, task.error, task.hint) for task in report.tasks if task.error is not None]
    failed += [(view.view, view.error, view.hint) for view in report.views if view.error is not None]
    if failed:
        yield "<h2>What failed</h2>"
    for name, error, hint in failed:
        lines = [*error.split("\n"), *([hint] if hint else [])]
        yield f"<h3>{text(name)}</h3><pre>{'<br>'.join(map(text, lines))}</pre>"


def _rows(report: RunReport) -> Iterator[str]:
    yield f"<h2>Rows by outcome</h2>{keys(_OUTCOMES)}"
    for task in report.tasks:
        counts = {name: getattr(task, f"rows_{name}") for name in _OUTCOMES}
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        bar = plots.shares([(counts[name], colour) for name, colour in _OUTCOMES.items()], told or "no rows")
        yield plot(f"{task.task}: {task.status}", f"into {task.table}: {told or 'no rows'}", bar)
    traffic = ("pages", "resumed", "calls", "retries", "waited")
    header = ("task", "fetched", "added", *_OUTCOMES, "deleted", *traffic)
    yield table(header, map(_figures, report.tasks), right=1)


def _views(report: RunReport) -> Iterator[str]:
    if report.views:
        yield "<h2>Views</h2>"
        told = ((view.view, view.status.replace("_", " "), view.about) for view in report.views)
        yield table(("view", "what became of it", "why"), told)


def _figures(task: TaskReport) -> tuple[str, ...]:
    names = ("rows_fetched", "rows_added", *(f"rows_{name}" for name in _OUTCOMES), "rows_deleted")
    more = ("pages", "pages_resumed", "api_calls", "retries")
    return (
        task.task,
        *(f"{getattr(task, name):,}" for name in (*names, *more)),
        duration(task.waited_s),
    )


def _plan(record: Record) -> Iterator[str]:
    if record.slices:
        yield "<h2>Plan</h2>"
        yield '<p class="quiet">Slices in their order. Stood: whole when the last attempt began.</p>'
        yield keys(_SLICES)
    for each in record.slices:
        ranks = [STATES.index(state) for state in each.states]
        told = ", ".join(f"{count:,} {state}" for state, count in each.counts.items() if count)
        drawn = plots.strip(ranks, [_SLICES[state] for state in STATES], label=told or "no slices")
        yield plot(each.task, f"{counted(len(ranks), 'slice')}{': ' if told else ''}{told}", drawn)


def _course(course: Course, report: RunReport | None) -> Iterator[str]:
    yield "<h2>Over time</h2>"
    resumed = " Dashed: another attempt began." if _marks(course) else ""
    yield f'<p class="quiet">Time at work, {course.width_s:g} s a column.{resumed}</p>'
    named = [task.task for task in report.tasks if task.task in course.tasks] if report else []
    for task in (*named, *sorted(course.tasks.keys() - set(named))):
        yield f"<h3>{text(task)}</h3>"
        yield from _lines(course, course.tasks[task])
        yield _axis(course)


def _lines(course: Course, buckets: dict[int, Bucket]) -> Iterator[str]:
    for name, label, colour in _LINES:
        values = {number: float(getattr(bucket, name)) for number, bucket in buckets.items()}
        if any(values.values()):
            told = f"{_amount(sum(values.values()))} in all, {_amount(max(values.values()))} a column at most"
            drawn = plots.columns(values, course.columns, colour, _marks(course), f"{label}: {told}")
            yield plot(label, told, drawn)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"


def _marks(course: Course) -> list[float]:
    """Where attempts after the first began, as shares of the width."""
    return [offset / (course.columns * course.width_s) for _, offset in course.attempts[1:]]


def _axis(course: Course) -> str:
    ends = f"<span>0</span><span>{text(duration(course.worked_s))}</span>"
    return f'<div class="plot"><div></div><div class="ends">{ends}</div></div>'


def _breakers(course: Course) -> Iterator[str]:
    if not course.breakers:
        return
    yield "<h2>Breakers</h2>"
    yield '<p class="quiet">Of the endpoints whose breaker opened: the worst state of each column.</p>'
    yield keys(_BREAKERS)
    for breaker, turns in course.breakers.items():
        opened = sum(each.opened for each in turns.values())
        probed = sum(each.probed for each in turns.values())
        told = f"opened {counted(opened, 'time')}, probed {counted(probed, 'time')}"
        ranks = [list(_BREAKERS).index(state) for state in course.states(breaker)]
        yield plot(breaker, told, plots.strip(ranks, list(_BREAKERS.values()), _marks(course), told))
    yield _axis(course)


def _warnings(report: RunReport) -> Iterator[str]:
    told = [warning for task in report.tasks for warning in task.warnings]
    if told:
        yield "<h2>Warnings</h2><ul>" + "".join(f"<li>{text(each)}</li>" for each in told) + "</ul>"


def _drift(report: RunReport) -> Iterator[str]:
    found = [
        (task.task, each.level, each.kind, each.path, each.text)
        for task in report.tasks
        for each in task.drift
    ]
    if found:
        yield "<h2>Drift</h2>"
        yield table(("task", "level", "what", "field", "what came"), found)
