"""What a person sees of a task that splits: in `show`, in `preview`, and while it runs."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import httpx2
import pytest
from rich.console import Console

from tests.engine.branches import Branches, daily, lines, orders
from tidegate.app.inspect_commands import preview_command
from tidegate.app.progress import Board
from tidegate.app.show_command import show_command
from tidegate.engine.events import SliceDone, SliceStarted, TaskStarted
from tidegate.engine.workflows import Workflow


def test_show_says_how_a_task_splits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = Workflow("branches", Branches(tmp_path), (orders, lines, daily))
    show_command(lambda: made, "lines", as_json=False, debug=False)
    assert "one slice for each order_id, from the rows of orders in the same run" in _said(capsys)
    show_command(lambda: made, "daily", as_json=False, debug=False)
    told = _said(capsys)
    assert "windows of one day each, in UTC" in told
    assert "one slice for each account, 5 values" in told


def test_a_preview_takes_the_first_id_that_the_parent_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = b'{"rows": [{"id": 5, "at": "2026-03-01T00:00:00Z"}], "count": 1}'
    api = Branches(tmp_path, answer=lambda _: httpx2.Response(200, content=one))
    made = Workflow("branches", api, (orders, lines))
    preview_command(lambda: made, "lines", 1, debug=False)
    assert "line_id 5 order_id 5" in _said(capsys)
    assert [each.partition("?")[0] for each in api.asked] == ["/orders/centre", "/lines/5"]


def test_progress_says_which_slices_stood_are_at_work_and_wait() -> None:
    board, console = Board(), Console(width=200, file=StringIO(), record=True)
    board.hear(TaskStarted("shop.orders", 10))
    for number in range(3):
        board.hear(SliceStarted("shop.orders", f"2026-01-0{number}"))
        board.hear(SliceDone("shop.orders", f"2026-01-0{number}", stood=True))
    board.hear(SliceStarted("shop.orders", "2026-01-03"))
    board.hear(SliceStarted("shop.orders", "2026-01-04"))
    console.print(board)
    text = console.export_text()
    assert "3/10" in text
    assert "3 stood, 2026-01-03 to 2026-01-04 at work, 5 wait" in text


def test_progress_goes_on_where_further_workers_and_the_commit_tell_of_the_task() -> None:
    board, console = Board(), Console(width=200, file=StringIO(), record=True)
    board.hear(TaskStarted("shop.orders", 5))
    for each in ("a", "b"):
        board.hear(SliceStarted("shop.orders", each))
    board.hear(SliceDone("shop.orders", "a", stood=False))
    board.hear(TaskStarted("shop.orders", 10))  # of a second worker
    board.hear(SliceStarted("shop.orders", "c"))
    board.hear(SliceDone("shop.orders", "a", stood=True))  # by the commit, which looks at all
    console.print(board)
    text = console.export_text()
    assert "1/10" in text
    assert "0 stood, b to c at work, 7 wait" in text


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())
