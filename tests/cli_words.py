"""What the command line makes of words, without doing it."""

from __future__ import annotations

from typing import Any

import typer.main

from tidegate.cli.main import app


def parsed(words: list[str]) -> dict[str, Any]:
    """The parameters of the command that the words name. Raises where there is no such command or option."""
    command = typer.main.get_command(app)
    with command.make_context("tidegate", list(words)) as context:
        name, found, rest = command.resolve_command(context, list(words))  # type: ignore[attr-defined]
        return dict(found.make_context(name, rest).params)
