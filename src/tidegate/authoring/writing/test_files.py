"""`tests/acme/`: the contracts against the examples of the file, and whether every task can be planned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import Layout
from tidegate.authoring.writing.subjects import Subject
from tidegate.authoring.writing.templates import filled
from tidegate.authoring.writing.words import quoted

_ONE = {"int": "1", "str": quoted("1")}


def example_files(subjects: Sequence[Subject]) -> Iterator[tuple[PurePosixPath, str]]:
    """Beside the tests: the bodies of each listing."""
    for subject in subjects:
        for number, body in enumerate(subject.bodies):
            text = json.dumps(body, indent=2, ensure_ascii=False)
            yield PurePosixPath("examples") / _name(subject, number), f"{text}\n"


def _name(subject: Subject, number: int) -> str:
    return f"{subject.names.plural}{f'_{number + 1}' if number else ''}.json"


def contracts_test(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    shown = [each for each in subjects if each.bodies]
    return filled(
        "test_contracts.py.in",
        identity,
        layout,
        imports="\n".join(_imports(identity, shown, layout)),
        examples=_examples(identity, shown, layout) if shown else "",
    )


def _imports(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> Iterator[str]:
    for name in ("Map", "Table", "Window"):
        yield f"from {layout.home(name)} import {name}"
    workflow = layout.module(f"workflows.{identity.name}")
    for each in subjects:
        yield f"from {workflow}.config import {each.names.constant}"
        yield f"from {workflow}.transform import {each.names.transform}"


def _examples(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    context = ", ".join(_values(subjects))
    told = (
        f"\n_CONTEXT = Context(datetime(2026, 1, 1, tzinfo=UTC), values={{{context}}})\n" if context else ""
    )
    cases = ", ".join(_case(each, number) for each in subjects for number in range(len(each.bodies)))
    row = "row, _CONTEXT" if context else "row"
    return filled("test_examples.in", identity, layout, cases=f"{cases},", context=told, row=row)


def _case(subject: Subject, number: int) -> str:
    items = quoted(subject.listing.items) if subject.listing.items else "None"
    return f"({quoted(_name(subject, number))}, {items}, {subject.names.transform}, {subject.names.constant})"


def _values(subjects: Sequence[Subject]) -> list[str]:
    """What maps take from the slice: the ids of parents."""
    columns = [each.plan.parent.column for each in subjects if each.plan.parent]
    return list(dict.fromkeys(f"{quoted(each.name)}: {_ONE[each.type]}" for each in columns))
