"""From what a person types after `--to` to a destination, which is imported when it is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from tidegate.destinations.base import Destination
from tidegate.utils.errors import UsageError

_KNOWN = (
    "warehouse.duckdb, duckdb:rel/path, duckdb:///abs/path, parquet:rel/folder, parquet:///abs/folder or "
    "bigquery://project/dataset?location=EU"
)


# How long a destination that another process has in hand is waited for, unless less patience is asked for.
_BUSY_WAIT_S = 60.0


def open_destination(
    spec: str,
    *,
    folder: Path | None = None,
    patience_s: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
    cores: int = 1,
) -> Destination:
    """The destination that `spec` names; nothing is opened or created yet. Raises `UsageError`.

    A path ending in `.duckdb` needs no scheme; a relative one lies in `folder`, or where the process works.
    `patience_s` shortens the wait for a destination that another process holds; `sleep` is what waits, and
    may raise to end it. `cores` is how many it may work on at once, where it works here.
    """
    busy_wait_s = _BUSY_WAIT_S if patience_s is None else min(_BUSY_WAIT_S, patience_s)
    scheme, _, rest = spec.partition(":")
    base = folder or Path()
    if scheme == "bigquery":
        from tidegate.destinations.bigquery import BigQueryDestination

        return BigQueryDestination(spec, retry_s=2 * busy_wait_s, sleep=sleep)
    if scheme == "parquet":
        from tidegate.destinations.parquet import ParquetDestination

        return ParquetDestination(base / _path(spec, rest.rstrip("/")), busy_wait_s=busy_wait_s, sleep=sleep)
    if scheme == "duckdb":
        path = _path(spec, rest)
    elif spec.endswith(".duckdb") and (scheme == spec or "/" in scheme):
        path = spec
    else:
        raise UsageError(f"{spec!r} names no destination that this version knows", hint=f"Known: {_KNOWN}.")
    from tidegate.destinations.duckdb import DuckDBDestination

    return DuckDBDestination(base / path, busy_wait_s=busy_wait_s, threads=cores, sleep=sleep)


def _path(spec: str, rest: str) -> str:
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        rest = "" if host else slash + unquote(path)
    if not rest or rest.endswith("/") or rest == ":memory:":
        raise UsageError(f"{spec!r} names no place", hint=f"Write {_KNOWN}.")
    return rest
