"""Rounds of one scene: every contender once, one after the other, so that a slow moment hits all of them."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from bench.contenders import Contender, environment
from bench.environments import PYTHONPATH
from bench.measure import Cost, measure
from bench.sandbox import Sandbox
from bench.scenes import Listing, Scene
from tidegate.contracts.table import Table
from tidegate.workflows.brevo.config import CAMPAIGNS, EVENTS

_TABLES: dict[Listing, Table[Any]] = {"events": EVENTS, "campaigns": CAMPAIGNS}


@dataclass(frozen=True, slots=True)
class Floor:
    """CPU of `validate_json` alone, and how long fetching took by itself, one page after the other."""

    cpu_s: float
    fetch_s: float


@dataclass(frozen=True)
class Round:
    floor: Floor
    costs: dict[str, Cost]


def run_round(sandbox: Sandbox, scene: Scene, contenders: Sequence[Contender]) -> Round:
    """Raises `RuntimeError` where one fails, has other rows than the sandbox, or tables differ."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        floor = _floor(sandbox, scene, Path(folder))
        costs, sums = {}, set()
        for contender in contenders:
            place = Path(folder, contender.name.replace(" ", "-"))
            costs[contender.name] = _run(contender, sandbox, scene, place)
            if (file := contender.file) is not None and file.endswith(".duckdb"):
                sums.add(_sums(place / file, scene.listing))
        if len(sums) > 1:
            raise RuntimeError(f"{scene}: the tables differ: {sums}")
    return Round(floor, costs)


def _floor(sandbox: Sandbox, scene: Scene, folder: Path) -> Floor:
    command = [sys.executable, "-m", "bench.floor", sandbox.url(scene.listing), scene.listing]
    told = json.loads(measure(command, {"PYTHONPATH": PYTHONPATH}, folder).output)
    _check_rows("the floor", told["rows"], scene)
    return Floor(told["cpu_s"], told["fetch_s"])


def _run(contender: Contender, sandbox: Sandbox, scene: Scene, folder: Path) -> Cost:
    folder.mkdir()
    # its environment has the packages that tidegate needs, not its entry point
    known = 'workflows = ["tidegate.workflows.brevo.main:app"]'
    settings = f"[project]\nname = 'bench'\n[tool.tidegate]\n{known}\n{contender.settings}\n"
    (folder / "pyproject.toml").write_text(settings)
    cost = measure(contender.command(sandbox, scene, folder), environment(sandbox), folder)
    told = json.loads(cost.output.strip().rpartition("\n")[2])
    rows = told["rows"] if "rows" in told else sum(task["rows_loaded"] for task in told["tasks"])
    _check_rows(contender.name, rows, scene)
    return cost


def _check_rows(name: str, rows: int, scene: Scene) -> None:
    if rows != scene.rows:
        raise RuntimeError(f"{scene}: {name} has {rows:,} rows")


def _sums(file: Path, listing: Listing) -> tuple[int, int]:
    """Of the contract's columns: tidegate adds its own. A sum, because the order of rows is nobody's promise.

    Of campaigns only the ids: the frame's column types are not the contract's.
    """
    table = _TABLES[listing]
    columns = ", ".join(column.name for column in table.columns) if listing == "events" else "campaign_id"
    with duckdb.connect(str(file), read_only=True) as connection:
        query = f"SELECT count(*), sum(hash({columns})::HUGEINT) FROM {table.name}"
        found = connection.execute(query).fetchone()
    assert found is not None
    return found[0], found[1]
