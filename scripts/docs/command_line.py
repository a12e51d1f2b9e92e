"""The reference of the command line, made of the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer.main

from scripts.docs.pages import ROOT
from tidegate.cli.main import app
from tidegate.utils.errors import ExitCode

PAGE = "reference/command_line.md"
_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}


def commands() -> dict[str, Any]:
    """Every command that can be typed (`tidegate cursor show`), in the order of the help."""
    return dict(_below("tidegate", typer.main.get_command(app)))


def command_line_page() -> str:
    listed = commands()
    table = [f"| [`{name}`](#{anchor(name)}) | {_first_line(each)} |" for name, each in listed.items()]
    return "\n".join(
        [
            "# The command line",
            "",
            "Every command and every option, as `--help` has them.",
            "",
            "| command | what it does |",
            "| --- | --- |",
            *table,
            "",
            "## Exit codes",
            "",
            "What every command ends with, and what a scheduler may do then.",
            "",
            *_exit_codes(),
            *(line for name, each in listed.items() for line in _section(name, each)),
        ]
    )


def anchor(name: str) -> str:
    return name.replace(" ", "-")


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for each, child in below.items():
        if not child.hidden:
            yield from _below(f"{name} {each}", child)


def _section(name: str, command: Any) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument" and not each.hidden]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    words = [_usage(each) for each in arguments]
    yield from ("", f"## {name}", "", *_paragraphs(command), "", "```text")
    yield " ".join([name, *words, "[OPTIONS]"])
    yield "```"
    if arguments or options:
        yield from ("", "| argument or option | default | what it is |", "| --- | --- | --- |")
    for each in arguments:
        yield f"| `{_name(each)}` | {_default(each)} | {_cell(each.help or '')} |"
    for each in options:
        yield f"| {_spellings(each)} | {_default(each)} | {_cell(each.help or '')}{_range(each)} |"


def _usage(argument: Any) -> str:
    name = _name(argument) + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.human_readable_name)


def _spellings(option: Any) -> str:
    value = "" if option.is_flag else f" {_metavar(option)}"
    spelled = [f"`{each}{value}`" for each in option.opts]
    return ", ".join([*spelled, *(f"`{each}`" for each in option.secondary_opts)]).replace("|", "\\|")


def _metavar(option: Any) -> str:
    if option.metavar:
        return str(option.metavar)
    kind = option.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(each.value for each in kind)
    return _METAVARS[kind]


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value is None or value is False:
        return ""
    return f"`{getattr(value, 'value', value)}`"


def _range(option: Any) -> str:
    least, most = option.min, option.max
    if least is None and most is None:
        return ""
    if most is None:
        return f" At least {least:,}."
    return f" At most {most:,}." if least is None else f" From {least:,} to {most:,}."


def _paragraphs(command: Any) -> list[str]:
    return inspect.cleandoc(command.help or "").splitlines()


def _first_line(command: Any) -> str:
    return _cell(inspect.cleandoc(command.help or "").partition("\n\n")[0])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def _exit_codes() -> list[str]:
    """The table of the README. Raises `ValueError` where that is not of the codes that there are."""
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"^\| exit code \|.*?(?=\n\n)", text, re.DOTALL | re.MULTILINE)
    rows = found[0].splitlines() if found else []
    codes = {int(each) for row in rows if (each := row.split("|")[1].strip()).isdigit()}
    if codes != set(map(int, ExitCode)):
        raise ValueError(f"README.md explains the exit codes {sorted(codes)}, there are {sorted(ExitCode)}")
    return rows
