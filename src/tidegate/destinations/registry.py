"""From what a person types after `--to` to a destination."""

from __future__ import annotations

from urllib.parse import unquote

from tidegate.destinations.base import Destination
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.utils.errors import UsageError

_KNOWN = "warehouse.duckdb, duckdb:rel/path or duckdb:///abs/path"


def open_destination(spec: str) -> Destination:
    """The destination that `spec` names; nothing is opened or created yet. Raises `UsageError`.

    A path ending in `.duckdb` needs no scheme.
    """
    scheme, colon, rest = spec.partition(":")
    if not colon and spec.endswith(".duckdb"):
        return DuckDBDestination(spec)
    if scheme == "duckdb":
        return DuckDBDestination(_path(spec, rest))
    raise UsageError(f"{spec!r} names no destination that this version knows", hint=f"known: {_KNOWN}")


def _path(spec: str, rest: str) -> str:
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        rest = "" if host else slash + unquote(path)
    if not rest or rest.endswith("/") or rest == ":memory:":
        raise UsageError(f"{spec!r} names no file", hint=f"write {_KNOWN}")
    return rest
