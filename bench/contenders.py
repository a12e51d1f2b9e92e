"""Who is measured: tidegate by build, the usual way, and other tools, each as a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.environments import OURS as OWN
from bench.environments import PEERS, PYTHONPATH, python_of
from bench.sandbox import LAST_DAY, QUOTA, Sandbox
from bench.scenes import Scene

Command = Sequence[str]


@dataclass(frozen=True)
class Contender:
    """`command` gets the sandbox, the scene and an empty folder to work in. `most` are the rows of the
    largest scene that it takes part in; `file` is what it leaves there for a comparison of rows.
    """

    name: str
    command: Callable[[Sandbox, Scene, Path], Command]
    settings: str = ""  # of tidegate: what stands in [tool.tidegate]
    most: int | None = None
    file: str | None = None


def tidegate(name: str, settings: str = "", *options: str, to: str = "warehouse.duckdb") -> Contender:
    """The command as a user types it, in a project of its own."""

    def command(sandbox: Sandbox, scene: Scene, _: Path) -> Command:
        days = (
            ["--from", str(sandbox.first_day), "--until", str(LAST_DAY)] if scene.listing == "events" else []
        )
        run = ["run", "brevo", scene.listing, "--to", to, *days, "--summary", "-", "--no-progress"]
        return [python_of(OWN), "-m", "tidegate", *run, *options]

    return Contender(name, command, settings, file=to)


def usual(file: str) -> Contender:
    def command(sandbox: Sandbox, scene: Scene, folder: Path) -> Command:
        script = [sys.executable, "-m", "bench.usual"]
        return [*script, sandbox.url(scene.listing), scene.listing, str(folder / file)]

    return Contender("the usual way", command, file=file)


def peer(name: str, environment: str, script: str, most: int | None = None) -> Contender:
    """A script of `peers/`, by the Python of that environment."""

    def command(sandbox: Sandbox, scene: Scene, folder: Path) -> Command:
        told = [sandbox.url(scene.listing), str(folder), scene.listing, str(scene.limit)]
        return [python_of(environment), str(PEERS / script), *told]

    return Contender(name, command, most=most)


OURS = (
    tidegate("tidegate, columnar", 'build = "columnar"'),
    tidegate("tidegate, instances", 'build = "instances"'),
    tidegate("tidegate, two processes", 'build = "columnar"', "--executor", "processes", "--workers", "2"),
)
USUAL = usual("usual.duckdb")
OTHERS = (
    peer("dlt, tuned", "dlt", "dlt_tuned.py"),
    peer("dlt, as it comes", "dlt", "dlt_plain.py", most=200_000),
    peer("singer-sdk, tap alone", "singer", "singer_tap.py"),
    peer("airbyte-cdk, read alone", "airbyte", "airbyte_read.py"),
    peer("Arrow, no contract", "dlt", "arrow.py"),
)
PARQUET = (
    tidegate("tidegate, columnar", 'build = "columnar"', to="parquet:warehouse"),
    usual("usual.parquet"),
)


def taking_part(scene: Scene, *, others: bool = True) -> list[Contender]:
    """Who is measured in a scene. Other tools only where they would do the same work and not mostly wait."""
    if scene.into == "Parquet":
        return list(PARQUET)
    invited = [*OURS, USUAL, *(OTHERS if others and not scene.latency_s else ())]
    return [each for each in invited if each.most is None or scene.rows <= each.most]


def environment(sandbox: Sandbox) -> dict[str, str]:
    """What every contender sees of ours; tidegate keeps its state in the folder that it works in."""
    return {
        "BREVO_API_KEY": "bench",
        "BREVO_BASE_URL": sandbox.base_url,
        "BREVO_QUOTA": str(QUOTA),
        "PYTHONPATH": PYTHONPATH,
        "DO_NOT_TRACK": "1",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
