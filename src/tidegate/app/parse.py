"""What a person types as an option, to values. Every error is a `UsageError` that says what would do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import cast, get_args

from tidegate.engine.invalid import Budget, Invalid, OnInvalid
from tidegate.engine.shards import Shard
from tidegate.utils import amounts
from tidegate.utils.errors import UsageError

_CLOUD_RUN = ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT")


def day(option: str, text: str | None) -> date | None:
    """`2026-01-31` to a date."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a day", hint="Write it as 2026-01-31.") from error


def seconds(option: str, text: str | None) -> float | None:
    """`90s`, `15m`, `2h` or `1d` to seconds; a bare number is seconds."""
    if text is None:
        return None
    length = amounts.seconds(text)
    if length is None:
        raise UsageError(f"{option} {text!r} is not a length of time", hint="Write it as 90s, 15m or 2h.")
    return length


def shard(option: str, text: str, environ: Mapping[str, str]) -> Shard:
    """`2/3`, counted from 1; `auto` is what Cloud Run tells a task of a job, counted from 0."""
    if text == "auto":
        index, count = (environ.get(name, "") for name in _CLOUD_RUN)
        if not index.isdigit() or not count.isdigit() or int(index) >= int(count):
            raise UsageError(
                f"{option} auto needs {' and '.join(_CLOUD_RUN)}, as Cloud Run sets them for the tasks"
                f" of a job (here they are {index or 'not set'} and {count or 'not set'})",
                hint=f"Name the shard instead: {option} 1/3.",
            )
        return Shard(int(index) + 1, int(count))
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(
            f"{option} {text!r} is no shard", hint="Of three, write 1/3, 2/3 and 3/3; on Cloud Run: auto."
        )
    return Shard(int(match[1]), int(match[2]))


def invalid(on_invalid: str, max_invalid: str | None) -> Invalid:
    """`--on-invalid` and `--max-invalid`, which goes with quarantine only."""
    if on_invalid not in get_args(OnInvalid):
        raise UsageError(f"--on-invalid {on_invalid!r} is not known", hint="Write raise or quarantine.")
    if on_invalid == "raise" and max_invalid is not None:
        raise UsageError(
            "--max-invalid goes with --on-invalid quarantine", hint="Add that, or leave it away."
        )
    return Invalid(cast("OnInvalid", on_invalid), budget("--max-invalid", max_invalid))


def budget(option: str, text: str | None) -> Budget:
    """`1%` to a share of the rows, `100` to a count; nothing to the default."""
    if text is None:
        return Budget()
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", text.strip())
    if match is None or (not match[2] and "." in match[1]) or (match[2] and float(match[1]) > 100):
        raise UsageError(f"{option} {text!r} is no number of rows", hint="Write it as 1% or as 100.")
    return (
        Budget(share=float(Decimal(match[1]) / 100)) if match[2] else Budget(count=int(match[1]), share=None)
    )
