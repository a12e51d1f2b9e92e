"""`workflows/acme/tasks.py`: what each table asks for, and how its rows are made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tidegate.authoring.writing.arguments import Arguments
from tidegate.authoring.writing.client_file import comment
from tidegate.authoring.writing.columns import Column
from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import Layout, Module
from tidegate.authoring.writing.subjects import Subject
from tidegate.authoring.writing.words import argument, quoted, sentence, spoken

_CURSOR = "# What is changed while the API answers may show up a little later: hence the look-back."
_WINDOWS = (
    "# Days are replaced whole; the last ones are asked for again, as rows may arrive late or be corrected."
)


def tasks_file(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    name, cls = identity.name, identity.cls
    module = Module(layout, f"What the tables of {identity.title} ask for, and how their rows are made.")
    planned = [each for each in subjects if each.plan.follows != "unplanned"]
    for each in planned:
        module.use_own(f"connectors.{name}.schemas", each.names.reads)
        module.use_own(f"workflows.{name}.config", each.names.constant)
        module.use_own(f"workflows.{name}.transform", each.names.transform)
    if planned:
        module.use_own(f"connectors.{name}.client", f"{cls}Connector")
        module.use("tidegate.http_tools.clients", "Call")
        module.use_root("task")
    module.add("\n\n\n".join(_part(each, identity, module) for each in subjects))
    return module.text()


def _part(subject: Subject, identity: Identity, module: Module) -> str:
    if subject.plan.follows == "unplanned":
        return "\n".join(comment(_lacking(subject), 0))
    return "\n".join([*_above(subject), _decorator(subject, module), *_function(subject, identity, module)])


def _lacking(subject: Subject) -> str:
    names, plan = subject.names, subject.plan
    missing = " and ".join(f"`{each}`" for each in plan.missing)
    more = "".join(f" {sentence(each)}." for each in plan.todo)
    return (
        f"TODO: a task for {names.constant}. `{names.method}` needs {missing}, which nothing here gives: a"
        f" fixed value, a list (Each), or the ids of another task's rows (From). Contracts are there.{more}"
    )


def _above(subject: Subject) -> Iterator[str]:
    for each in subject.plan.todo:
        yield from comment(f"TODO: {each}", 0)
    if subject.plan.follows == "cursor":
        yield _CURSOR
        yield "# TODO: a later `start`, where the API refuses one so early."
        if subject.listing.since and subject.listing.since.max_days:
            yield f"# TODO: the API takes at most {subject.listing.since.max_days} days at once."
    if subject.plan.parent and subject.plan.parent.is_partial:
        parents = spoken(subject.plan.parent.names.plural)
        told = f"whether what belongs to {parents} changes without them"
        yield from comment(f"TODO: {told}: a run asks for those of some {parents} only", 0)
    if subject.plan.follows == "windows":
        yield _WINDOWS
        yield "# TODO: how far back a first run goes, as `start`."
        yield from comment(f"TODO: {_window_doubt(subject)}", 0)


def _window_doubt(subject: Subject) -> str:
    since = subject.listing.since
    told = "the zone of the API's days, and how many it takes at once"
    if since and since.max_days:
        told = f"the zone of the API's days, of which it takes at most {since.max_days} at once"
    if since and since.end_param and since.wire != "date" and not _is_included(subject, since.end_param):
        told += f"; whether {since.end_param} is itself included: a row of that very instant would come twice"
    return told


def _is_included(subject: Subject, parameter: str) -> bool:
    """Whether the API says that the end of a window belongs to it."""
    return _said(subject, parameter, r"\binclu(sive|ded|ding)")


def _said(subject: Subject, parameter: str, words: str) -> bool:
    found = subject.listing.endpoint.parameter(parameter)
    return bool(found and re.search(words, found.description, re.IGNORECASE))


def _decorator(subject: Subject, module: Module) -> str:
    plan, names = subject.plan, subject.names
    told = [f"transform={names.transform}", f"into={names.constant}"]
    if plan.follows == "cursor":
        module.use_root("Cursor", "Window")
        module.use("datetime", "date", "timedelta")
        told.append(
            f"cursor=Cursor({quoted(plan.cursor or '')}, start=date(2000, 1, 1), lookback=timedelta(hours=1))"
        )
    if plan.follows == "windows":
        module.use_root("Windows", "Window")
        module.use("datetime", "timedelta")
        told.append("windows=Windows(days=1, refetch=3, start=timedelta(days=30))")
    if plan.parent:
        module.use_root("From")
        told.append(f"over=From({plan.parent.names.plural}, {quoted(plan.parent.column.name)})")
    return f"@task({', '.join(told)})"


def _function(subject: Subject, identity: Identity, module: Module) -> Iterator[str]:
    plan, names = subject.plan, subject.names
    arguments = Arguments(subject.listing)
    connector = argument(identity.name, ["window"])
    takes, given = [f"{connector}: {identity.cls}Connector"], list[str]()
    if plan.is_partial:
        takes.append("window: Window")
    if plan.parent:
        column = plan.parent.column
        takes.append(f"{column.name}: {column.type}")
        given.append(_as_wanted(column, arguments))
    if plan.is_partial:
        given += _window(subject, arguments, module)
    yield f"def {names.plural}({', '.join(takes)}) -> Call[{names.reads}]:"
    yield f'    """{_what(subject)}"""'
    yield f"    return {connector}.{names.method}({', '.join(given)})"


def _as_wanted(column: Column, arguments: Arguments) -> str:
    wanted = arguments.placeholder_type(arguments.placeholders[0])
    return column.name if wanted == column.type else f"{wanted}({column.name})"


def _window(subject: Subject, arguments: Arguments, module: Module) -> Iterator[str]:
    since = subject.listing.since
    if since is None:
        return
    start, end = _ends(since.wire, milliseconds=_said(subject, since.start_param, "millisec"))
    if since.end_param and since.wire != "date" and _is_included(subject, since.end_param):
        end += " - 1" if since.wire == "epoch" else " - timedelta(milliseconds=1)"
        if since.wire == "datetime":
            module.use("datetime", "timedelta")
    for parameter, value in ((since.start_param, start), (since.end_param, end)):
        if parameter and parameter in arguments:
            yield f"{arguments[parameter]}={value}"


def _ends(wire: str, *, milliseconds: bool) -> tuple[str, str]:
    if wire == "date":
        return "window.first_day", "window.last_day"
    if wire == "datetime":
        return "window.start", "window.end"
    unit = " * 1000" if milliseconds else ""
    return f"int(window.start.timestamp(){unit})", f"int(window.end.timestamp(){unit})"


def _what(subject: Subject) -> str:
    plural = spoken(subject.names.plural)
    if subject.plan.follows == "cursor":
        return f"{sentence(plural)} that were changed since the last run."
    if subject.plan.follows == "windows":
        return f"{sentence(plural)}, by days."
    if subject.plan.parent:
        return f"{sentence(plural)} of each of the {spoken(subject.plan.parent.names.plural)}."
    return f"All {plural}."
