"""Whether the table of a task can be written, told before anything is fetched."""

from __future__ import annotations

import shlex
from typing import Any

from tidegate.contracts.table import Table
from tidegate.destinations.base import Destination
from tidegate.destinations.exceptions import SchemaChangeError


def prepare(destination: Destination, task: str, table: Table[Any]) -> None:
    """As `destination.prepare`; where a person has to allow a change, the error has the command to type."""
    try:
        destination.prepare(table)
    except SchemaChangeError as error:
        error.args = (f"{task}: {error}",)
        error.hint = f"Change the contract, or allow it: {allowing(destination, task, error.allow)}"
        raise


def allowing(destination: Destination, task: str, kinds: tuple[str, ...]) -> str:
    """The command to type."""
    to = shlex.quote(destination.name)
    return f"tidegate schema apply {task} --to {to} --allow {','.join(kinds)}"
