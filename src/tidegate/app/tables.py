"""What a person sees at the end: rows by task and outcome, failures with what to do, samples."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from tidegate.app.text import cell, columns_wide, duration, printable
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.views import ViewReport, told
from tidegate.utils.amounts import shown_size
from tidegate.utils.columns import Column

_COLUMNS = ("fetched", "added", "loaded", "superseded", "dropped", "quarantined")
_GAP = "  "
# The last column of a table may be long: it is wrapped where a terminal has this much room for it.
_INNER, _LAST, _ROOM = 44, 400, 18


def print_report(report: RunReport, out: TextIO) -> None:
    """Rows by task and outcome, their sum, and where they went; where any were deleted, how many."""
    shown = (*_COLUMNS, "deleted") if any(task.rows_deleted for task in report.tasks) else _COLUMNS
    rows = [
        (
            task.task,
            *(f"{getattr(task, f'rows_{name}'):,}" for name in shown),
            f"{task.pages:,}" + (f" ({task.pages_resumed:,} resumed)" if task.pages_resumed else ""),
            f"{task.api_calls:,}",
            f"{task.retries:,}",
            duration(task.waited_s),
            task.status,
        )
        for task in report.tasks
    ]
    header = ("task", *shown, "pages", "calls", "retries", "waited", "status")
    print_table(header, rows, out, right=range(1, len(header) - 1))
    loaded = [task for task in report.tasks if task.status == "loaded"]
    if loaded:
        out.write(f"{_sum(loaded)}\n")
    out.write(f"run {report.run_id} into {report.destination}, {duration(report.duration_s)}\n")
    if billed := _billed(report.tasks):
        out.write(f"{billed}\n")
    if any(task.rows_quarantined for task in report.tasks):
        out.write("rows in quarantine: `tidegate quarantine list` shows what is wrong with them\n")
    out.writelines(f"{printable(line)}\n" for line in told(report.views))
    for task in report.tasks:
        out.writelines(f"warning: {printable(warning)}\n" for warning in task.warnings)
        if notes := sum(finding.level == "note" for finding in task.drift):
            what = "1 note" if notes == 1 else f"{notes:,} notes"
            out.write(f"drift: {what} on {task.task}: `tidegate drift {task.task}`\n")
    out.flush()


def _sum(tasks: Sequence[TaskReport]) -> str:
    """`fetched + added = loaded + superseded + dropped + quarantined`, over all tasks that loaded."""
    figures = [f"{sum(getattr(task, f'rows_{name}') for task in tasks):,} {name}" for name in _COLUMNS]
    return f"{' + '.join(figures[:2])} = {' + '.join(figures[2:])}"


def _billed(tasks: Sequence[TaskReport]) -> str:
    """`billed: 1.2 GB, 35.0 s of a slot (acme.orders 1.2 GB)`, where the commits cost anything."""
    bytes_billed, slot_s = (
        sum(task.bytes_billed for task in tasks),
        sum(task.slot_ms for task in tasks) / 1000,
    )
    each = ", ".join(f"{task.task} {shown_size(task.bytes_billed)}" for task in tasks if task.bytes_billed)
    if not bytes_billed and not slot_s:
        return ""
    return f"billed: {shown_size(bytes_billed)}, {slot_s:,.1f} s of a slot" + (f" ({each})" if each else "")


def print_failures(report: RunReport, out: TextIO) -> None:
    """What failed and what to do about it; a hint that several tasks share is given once, after the last."""
    ended: tuple[TaskReport | ViewReport, ...] = (*report.tasks, *report.views)
    failures = [each for each in ended if each.error is not None]
    for number, each in enumerate(failures, 1):
        first, *more = (each.error or "").split("\n")
        out.writelines([f"error: {printable(first)}\n", *(f"  {printable(line)}\n" for line in more)])
        if each.hint and (number == len(failures) or failures[number].hint != each.hint):
            out.write(f"  {printable(each.hint)}\n")
    out.flush()


def kind_of(column: Column) -> str:
    """The type of a column, in words."""
    text = f"list of {column.kind}" if column.repeated else str(column.kind)
    return text if column.nullable or column.repeated else f"{text}, required"


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    out: TextIO,
    *,
    right: Iterable[int] = (),
    width: int | None = None,
) -> None:
    """A plain table, aligned; no colour and no frame, so that it reads the same in a log.

    `width` is that of the terminal (asked for where `out` is one; None: no limit). A table that does not
    fit has its last column wrapped, or else is written as one block of lines a row.
    """
    limit = width if width is not None else _terminal(out)
    last = len(header) - 1
    cells = [
        [cell(value, _LAST if column == last else _INNER) for column, value in enumerate(row)] for row in rows
    ]
    widths = [max(map(columns_wide, column)) for column in zip(header, *cells, strict=True)]
    to_right = set(right)
    room = None if limit is None else limit - sum(widths[:-1]) - len(_GAP) * last
    if room is None or room >= widths[-1]:
        lines = _aligned(header, cells, widths, to_right)
    elif room >= _ROOM and last not in to_right:
        lines = _wrapped(header, cells, [*widths[:-1], room], to_right)
    else:
        lines = _blocks(header, cells)
    out.writelines(f"{line.rstrip()}\n" for line in lines)
    out.flush()


def _aligned(
    header: Sequence[str], cells: list[list[str]], widths: list[int], right: set[int]
) -> Iterator[str]:
    yield _line(header, widths, right)
    yield _GAP.join("-" * each for each in widths)
    for row in cells:
        yield _line(row, widths, right)


def _wrapped(
    header: Sequence[str], cells: list[list[str]], widths: list[int], right: set[int]
) -> Iterator[str]:
    yield from _aligned(header, [], widths, right)
    for row in cells:
        first, *more = textwrap.wrap(row[-1], widths[-1]) or [""]
        yield _line([*row[:-1], first], widths, right)
        for text in more:
            yield _line([*[""] * (len(row) - 1), text], widths, right)


def _blocks(header: Sequence[str], cells: list[list[str]]) -> Iterator[str]:
    label = max(map(columns_wide, header))
    for number, row in enumerate(cells):
        if number:
            yield ""
        for name, text in zip(header, row, strict=True):
            yield f"{_padded(name, label, right=False)}{_GAP}{text}"


def _line(row: Sequence[str], widths: Sequence[int], right: set[int]) -> str:
    return _GAP.join(
        _padded(text, width, right=column in right)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )


def _padded(text: str, width: int, *, right: bool) -> str:
    gap = " " * (width - columns_wide(text))
    return gap + text if right else text + gap


def _terminal(out: TextIO) -> int | None:
    return shutil.get_terminal_size().columns if out.isatty() else None
