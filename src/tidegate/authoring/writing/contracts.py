"""The read contracts as text: `connectors/acme/schemas.py`."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidegate.authoring.writing.arranging import Property, Record
from tidegate.authoring.writing.layout import Module
from tidegate.authoring.writing.words import inert, quoted

_IMPORTED = {
    "Any": ("typing", "Any"),
    "Annotated": ("typing", "Annotated"),
    "AwareDatetime": ("pydantic", "AwareDatetime"),
    "Decimal": ("decimal", "Decimal"),
    "Field": ("pydantic", "Field"),
    "RootModel": ("pydantic", "RootModel"),
    "date": ("datetime", "date"),
    **{
        name: ("tidegate.contracts.normalising", name)
        for name in ("EmptyToNone", "EpochMilliseconds", "EpochSeconds", "NumericKeys", "OneOrMany")
    },
}


@dataclass(frozen=True, slots=True)
class ReadField:
    """A field of a read contract: `type` is its annotation without None and without marks."""

    of: Property
    type: str

    @property
    def annotation(self) -> str:
        told = self.of.wrap.replace("{}", self.type)
        if (
            (self.of.nullable or not self.of.required)
            and told != "Any"
            and not told.startswith("EmptyToNone")
        ):
            told = f"{told} | None"
        return f"Annotated[{told}, Personal()]" if self.of.personal else told

    @property
    def may_be_none(self) -> bool:
        return self.of.nullable or not self.of.required or self.type == "Any"


@dataclass(frozen=True, slots=True)
class ReadModel:
    name: str
    doc: str
    fields: tuple[ReadField, ...] = ()
    root: str | None = None


def models_of(records: Iterable[Record], annotations: Mapping[str, Sequence[str]]) -> Iterator[ReadModel]:
    for record in records:
        types = annotations[record.name]
        if record.root is not None:
            yield ReadModel(record.name, record.doc, root=types[0])
        else:
            pairs = zip(record.properties, types, strict=True)
            yield ReadModel(record.name, record.doc, tuple(ReadField(each, kind) for each, kind in pairs))


def import_types(module: Module, text: str) -> None:
    """What annotations or calls in the text name."""
    for name, (home, imported) in _IMPORTED.items():
        if _names(text, name):
            module.use(home, imported)
    for name in ("Personal", "ReadContract", "WriteContract"):
        if _names(text, name):
            module.use_root(name)


def read_contract(model: ReadModel) -> str:
    doc = [f'    """{inert(model.doc)}"""'] if model.doc else []
    if model.root is not None:
        return "\n".join([f"class {model.name}(RootModel[{model.root}]):", *doc])
    fields = [part for each in model.fields for part in _field(each)]
    gap = [""] if doc else []
    return "\n".join([f"class {model.name}(ReadContract):", *doc, *gap, *fields])


def _field(each: ReadField) -> Iterator[str]:
    of = each.of
    if of.why:
        yield f"    # {of.why[:1].upper()}{of.why[1:]}."
    told = {}
    if of.name != of.wire:
        told["alias"] = quoted(of.wire)
    if of.description:
        told["description"] = quoted(of.description)
    if told and not of.required:
        told = {"default": "None", **told}
    yield f"    {of.name}: {each.annotation}{assigned(told, '' if of.required else ' = None')}"


def assigned(told: Mapping[str, str], otherwise: str = "") -> str:
    """` = Field(...)` of these arguments, or what stands there without any."""
    if not told:
        return otherwise
    return f" = Field({', '.join(f'{name}={value}' for name, value in told.items())})"


def members(annotation: str) -> list[str]:
    """Of a union; one where it is none."""
    union = ast.parse(annotation, mode="eval").body
    found: list[str] = []
    while isinstance(union, ast.BinOp):
        found.insert(0, ast.unparse(union.right))
        union = union.left
    return [ast.unparse(union), *found]


def mentions(annotation: str, names: Collection[str]) -> bool:
    """Whether one of the names is a word of the annotation."""
    return not set(re.findall(r"\w+", annotation)).isdisjoint(names)


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.\"']){name}(?=[\[\](,)|: \n]|$)", text) is not None
