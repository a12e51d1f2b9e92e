"""The options that several commands share, each spelled once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class SchemaFormat(StrEnum):
    DUCKDB = "duckdb"
    BIGQUERY = "bigquery"
    ARROW = "arrow"
    JSON = "json"


class ExecutorKind(StrEnum):
    LOCAL = "local"
    PROCESSES = "processes"


Tasks = Annotated[list[str] | None, typer.Argument(metavar="TASK", help="All tasks if none is named.")]
From = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day, inclusive (2026-01-31).")]
Until = Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day, inclusive.")]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Begin at the start, not at the cursor.")]
To = Annotated[
    str | None, typer.Option("--to", metavar="DEST", help="Where rows go (default: warehouse.duckdb).")
]
RunId = Annotated[str | None, typer.Option("--run-id", metavar="ID", help="Name the run, or resume it.")]
New = Annotated[bool, typer.Option("--new", help="Do not resume an unfinished run.")]
MaxWait = Annotated[
    str | None,
    typer.Option(
        "--max-wait", metavar="TIME", help="Longest wait for quota or for a busy file (90s, 15m, 2h)."
    ),
]
Summary = Annotated[
    str | None,
    typer.Option(
        "--summary", metavar="FILE", help="Write the JSON summary there; - is the last line of output."
    ),
]
Progress = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Bars on a terminal while it works."),
]
OnInvalid = Annotated[
    str,
    typer.Option(
        "--on-invalid", metavar="raise|quarantine", help="Rows that break a contract: fail, or keep aside."
    ),
]
MaxInvalid = Annotated[
    str | None,
    typer.Option("--max-invalid", metavar="N|N%", help="With quarantine: how many at most (default: 1%)."),
]
QuarantineExit = Annotated[
    int, typer.Option("--quarantine-exit", metavar="CODE", help="Exit code where rows are in quarantine.")
]
Executor = Annotated[
    ExecutorKind,
    typer.Option("--executor", help="local: in this process; processes: slices in workers of this machine."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, max=64, help="Of --executor processes (default: cores)."),
]
NoShard = Annotated[str | None, typer.Option("--shard", hidden=True)]
Out = Annotated[
    str | None, typer.Option("--out", metavar="FILE", help="Write the plan there, not to standard output.")
]
PlannedRun = Annotated[str, typer.Option("--run-id", metavar="ID", help="The run, as `plan` named it.")]
ShardOf = Annotated[
    str,
    typer.Option(
        "--shard",
        metavar="I/N|auto",
        help="Which share of the slices: 2/3, or auto from CLOUD_RUN_TASK_INDEX and _COUNT.",
    ),
]
Stage = Annotated[
    int | None,
    typer.Option(
        "--stage", metavar="K", help="Of a run whose tasks are split over others' rows: 1, then 2 ..."
    ),
]
OnInvalidOfPlan = Annotated[
    str | None,
    typer.Option("--on-invalid", metavar="raise|quarantine", help="Instead of what the plan says."),
]
Json = Annotated[bool, typer.Option("--json", help="For a machine: JSON, one object a line.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
Drift = Annotated[
    list[str] | None,
    typer.Option(
        "--drift",
        metavar="CHANGE",
        help="rename:tag=label, drop:tag@1%, retype:id=text, add:tier=gold; may be given several times.",
    ),
]
SchemaAs = Annotated[
    SchemaFormat, typer.Option("--format", help="DDL, the JSON that bq takes, Arrow, or JSON schema.")
]
TasksOf = Annotated[str, typer.Argument(metavar="WORKFLOW[.TASK]")]
Allow = Annotated[
    str | None,
    typer.Option("--allow", metavar="KINDS", help="Changes that need a person: drop,narrow,retype,adopt,..."),
]
ExitOnDifference = Annotated[
    bool, typer.Option("--exit-code", help="End with 30 for any difference, not only for one to allow.")
]
