"""One round: tidegate, the usual way and the floor, each in a fresh process, into fresh files."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bench.measure import Cost, measure
from bench.sandbox import LAST_DAY, QUOTA, Sandbox
from tidegate.workflows.brevo.config import EVENTS

# Of the contract's columns only: tidegate adds its own. A sum, because the order of rows is nobody's promise.
_SUM = "SELECT count(*), sum(hash({columns})::HUGEINT) FROM brevo_events"


@dataclass(frozen=True, slots=True)
class Round:
    """What each way cost; `rows` are those that both tables hold."""

    rows: int
    tidegate: Cost
    usual: Cost
    floor_cpu_s: float
    fetch_s: float

    @property
    def ratio(self) -> float:
        """CPU of the usual way over that of tidegate."""
        return self.usual.cpu_s / self.tidegate.cpu_s


def run_round(sandbox: Sandbox) -> Round:
    """Raises `RuntimeError` where a way fails, or the two tables differ."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        ours, theirs = Path(folder, "tidegate.duckdb"), Path(folder, "usual.duckdb")
        tidegate = _tidegate(sandbox, ours, Path(folder, "home"))
        usual = measure("bench.usual", [sandbox.events_url, str(theirs)], {})
        floor = json.loads(measure("bench.floor", [sandbox.events_url], {}).output)
        rows, total = _sums(ours)
        if (rows, total) != _sums(theirs) or rows != floor["rows"]:
            raise RuntimeError("the tables of tidegate and of the usual way differ")
    return Round(rows, tidegate, usual, floor["cpu_s"], floor["fetch_s"])


def _tidegate(sandbox: Sandbox, file: Path, home: Path) -> Cost:
    """The command as a user types it."""
    options = f"--from {sandbox.first_day} --until {LAST_DAY} --summary - --no-progress"
    arguments = ["run", "brevo", "events", "--to", str(file), *options.split()]
    environment = {
        "TIDEGATE_HOME": str(home),
        "BREVO_API_KEY": "bench",
        "BREVO_BASE_URL": sandbox.base_url,
        "BREVO_QUOTA": str(QUOTA),
    }
    return measure("tidegate", arguments, environment)


def _sums(file: Path) -> tuple[int, int]:
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = ", ".join(column.name for column in EVENTS.columns)
        found = connection.execute(_SUM.format(columns=columns)).fetchone()
    assert found is not None
    return found[0], found[1]
