"""What a destination charges for is in the report of the run, task by task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.engine.shop import Shop
from tidegate.destinations.base import Commit, Cost, Landed
from tidegate.destinations.memory import MemoryDestination


class Charging(MemoryDestination):
    def commit(self, commit: Commit) -> Landed:
        return replace(super().commit(commit), cost=Cost(bytes_billed=10_485_760, slot_ms=42))


def test_the_report_tells_what_the_commits_cost(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.fill(25)
    runner = shop.runner()
    runner.destination = Charging()
    (task,) = runner.run().tasks
    assert (task.rows_loaded, task.bytes_billed, task.slot_ms) == (25, 10_485_760, 42)
