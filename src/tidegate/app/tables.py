"""What a person sees at the end: rows by task and outcome, failures with what to do, samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from tidegate.engine.report import RunReport

_COLUMNS = ("fetched", "added", "loaded", "superseded", "dropped", "quarantined")


def print_report(report: RunReport, out: TextIO) -> None:
    rows = [
        (
            task.task,
            *(f"{getattr(task, f'rows_{name}'):,}" for name in _COLUMNS),
            f"{task.pages:,}" + (f" ({task.pages_resumed} resumed)" if task.pages_resumed else ""),
            f"{task.api_calls:,}",
            f"{task.retries:,}",
            f"{task.waited_s:.1f} s",
            task.status,
        )
        for task in report.tasks
    ]
    header = ("task", *_COLUMNS, "pages", "calls", "retries", "waited", "status")
    print_table(header, rows, out, right=range(1, len(header) - 1))
    out.write(f"run {report.run_id} into {report.destination}, {report.duration_s:.1f} s\n")
    for task in report.tasks:
        out.writelines(f"warning: {warning}\n" for warning in task.warnings)


def print_failures(report: RunReport, out: TextIO) -> None:
    for task in report.tasks:
        if task.error is not None:
            out.write(f"error: {task.error}\n")
            if task.hint:
                out.write(f"  {task.hint}\n")
    out.flush()


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, *, right: Iterable[int] = ()
) -> None:
    """A plain table, aligned; no colour and no frame, so that it reads the same in a log."""
    to_right = set(right)
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for number, row in enumerate(cells):
        line = "  ".join(
            text.rjust(width) if column in to_right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        out.write(line.rstrip() + "\n")
        if number == 0:
            out.write("  ".join("-" * width for width in widths) + "\n")
    out.flush()


def _cell(value: Any, limit: int = 44) -> str:
    text = "" if value is None else str(value).replace("\n", " ")
    return text if len(text) <= limit else text[: limit - 3] + "..."
