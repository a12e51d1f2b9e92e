"""DuckDB over the files of a Parquet folder: in memory, or in a file that is gone afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate.destinations.duckdb_connection import translated
from tidegate.destinations.duckdb_sql import literal
from tidegate.destinations.parquet_manifest import DataFile

if TYPE_CHECKING:
    import duckdb

_MEMORY, _THREADS = "256MB", 2


@contextmanager
def connected(
    folder: Path, scratch: Path | None = None, database: str = ":memory:"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that spills into `scratch`. DuckDB's errors come out as `DestinationError`."""
    import duckdb

    connection = duckdb.connect(database)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute(f"SET threads = {_THREADS}")
        if scratch is not None:
            connection.execute(f"SET temp_directory = {literal(str(scratch))}")
        yield connection
    except duckdb.Error as error:
        raise translated(error, str(folder)) from error
    finally:
        connection.close()


def absolute(folder: Path, file: DataFile) -> str:
    return str(folder.absolute() / file.path)


def read_parquet(folder: Path, files: Iterable[DataFile], options: str = "") -> str:
    """What stands behind FROM for these files, of which there is at least one."""
    paths = ", ".join(literal(absolute(folder, file)) for file in files)
    return f"read_parquet([{paths}]{', ' if options else ''}{options})"
