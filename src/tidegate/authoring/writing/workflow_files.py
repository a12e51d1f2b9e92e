"""`workflows/acme/`: write contracts, maps, tables, the app and the plain way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tidegate.authoring.writing.client_file import comment, is_of_paging
from tidegate.authoring.writing.columns import Column
from tidegate.authoring.writing.contracts import assigned, import_types
from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import LINE_LENGTH, Layout, Module
from tidegate.authoring.writing.subjects import Subject
from tidegate.authoring.writing.templates import filled
from tidegate.authoring.writing.words import quoted, spoken, words

_SOURCES = ("Cast", "Default", "FromContext", "Required")


def schemas_file(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    module = Module(
        layout,
        f"What the warehouse holds of {identity.title}: the write contracts.\n\n"
        "No column has a default: a transform that forgets one does not pass the type checker.\n",
    )
    text = "\n\n\n".join(map(_write_contract, subjects))
    import_types(module, text)
    module.add(text)
    return module.text()


def _write_contract(subject: Subject) -> str:
    return "\n".join(
        [
            f"class {subject.names.writes}(WriteContract):",
            f'    """One {spoken(subject.names.thing)}."""',
            "",
            *map(_column, subject.columns),
        ]
    )


def _column(column: Column) -> str:
    return f"    {column.name}: {column.annotation}{assigned(column.told)}"


def transform_file(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    module = Module(layout, f"From what {identity.title} sends to what the warehouse holds, field by field.")
    module.use_root("Map")
    maps = [_map(each) for each in subjects]
    text = "\n\n".join(maps)
    used = [name for name in _SOURCES if f"{name}(" in text]
    if used:
        module.use("tidegate.contracts.map", *used)
    module.use_own(f"connectors.{identity.name}.schemas", *(each.names.reads for each in subjects))
    module.use_own(f"workflows.{identity.name}.schemas", *(each.names.writes for each in subjects))
    module.add(text)
    return module.text()


def _map(subject: Subject) -> str:
    given = [f"{each.name}={each.given}" for each in subject.columns if each.given]
    arguments = ", ".join([subject.names.reads, subject.names.writes, *given])
    return f"{subject.names.transform} = Map({arguments})"


def config_file(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    module = Module(layout, f"The {identity.title} tables and how rows get in.")
    module.use_root("Table")
    module.use_own(f"workflows.{identity.name}.schemas", *(each.names.writes for each in subjects))
    module.add("\n\n".join(_table(each) for each in subjects))
    return module.text()


def _table(subject: Subject) -> str:
    plan, names = subject.plan, subject.names
    told = [f"key={_tuple(plan.key)}"] if plan.key else []
    told += [f"version={quoted(plan.version)}"] if plan.version else []
    told += [f"partition_by={quoted(plan.partition_by)}"] if plan.partition_by else []
    arguments = ", ".join([quoted(names.table), names.writes, *told, f"write={quoted(plan.write)}"])
    doubts = [*_doubts_of_key(subject), *(each for each in subject.listing.todo if not is_of_paging(each))]
    todo = [part for each in doubts for part in comment(f"TODO: {each}", 0)]
    return "\n".join([*todo, f"{names.constant} = Table({arguments})"])


def _doubts_of_key(subject: Subject) -> Iterator[str]:
    if subject.plan.write == "replace" and not any("key" in words(each) for each in subject.listing.todo):
        yield "a key, where one or more columns tell the rows apart; until then each run replaces the table"


def _tuple(names: Sequence[str]) -> str:
    return f"({', '.join(map(quoted, names))}{',' if len(names) == 1 else ''})"


def main_file(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    name, cls = identity.name, identity.cls
    what, where = f"The {identity.title} workflow as a Typer app", layout.module(f"workflows.{name}.main")
    told = f"{what}: `python -m {where}`, or `tidegate run {name}`."
    module = Module(layout, told if len(told) <= LINE_LENGTH - 6 else f"{what}: `tidegate run {name}`.")
    tasks = [each.names.plural for each in subjects if each.plan.follows != "unplanned"]
    module.use_root("workflow")
    module.use_own(f"factories.{name}", f"{cls}Factory")
    if tasks:
        module.use_own(f"workflows.{name}.tasks", *tasks)
    module.add(
        f"app = workflow({quoted(name)}, {cls}Factory, [{', '.join(tasks)}])",
        'if __name__ == "__main__":\n    app()',
    )
    return module.text()


def load_file(identity: Identity, subject: Subject, layout: Layout) -> str:
    """Of one listing that can be asked for without any argument."""
    names = subject.names
    return filled(
        "load.py.in",
        identity,
        layout,
        load=layout.home("load"),
        reads=names.reads,
        constant=names.constant,
        transform=names.transform,
        plural=names.plural,
        spoken=spoken(names.plural),
        table=names.table,
    )
