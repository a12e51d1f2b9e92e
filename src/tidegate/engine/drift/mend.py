"""The lines of Python that would mend a read contract."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from tidegate.engine.drift import kinds
from tidegate.engine.drift.expected import Place, Slot
from tidegate.engine.drift.profile import Node

_PYTHON = {
    kinds.BOOLEAN: "bool",
    kinds.INTEGER: "int",
    kinds.NUMBER: "float",
    kinds.EPOCH_S: "datetime",
    kinds.EPOCH_MS: "datetime",
    kinds.INTEGER_TEXT: "str",  # as likely a postcode as a number
    kinds.DECIMAL_TEXT: "Decimal",
    kinds.BOOLEAN_TEXT: "bool",
    kinds.DATE: "date",
    kinds.INSTANT: "AwareDatetime",
    kinds.LOCAL: "datetime",
    kinds.UUID: "UUID",
}
# An object with more keys is taken for a mapping, and so is one whose keys are no names.
_MOST_FIELDS = 40
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Attributes of a model that a field may not hide.
_TAKEN = frozenset({"json", "dict", "copy", "schema", "construct", "validate", "parse_obj"})


def new_field(place: Place, key: str, node: Node) -> str:
    """A field for a key that the contract does not know, with the classes that it needs before it."""
    classes: list[str] = []
    kind = _type_of(node, f"{_stem(place)}{_camel(key)}", classes)
    taken = {slot.name for slot in place.slots}
    return "\n\n\n".join([*classes, f"# in {_owner(place)}\n{_field(key, f'{kind} | None', 'None', taken)}"])


def renamed(slot: Slot, new: str) -> str:
    """The field, taking either name."""
    names = ", ".join(json.dumps(key) for key in dict.fromkeys((new, *slot.keys)))
    default = "" if slot.required else f"default={slot.info.get_default(call_default_factory=True)!r}, "
    return (
        f"# in {slot.model.__name__}\n"
        f"{slot.name}: {_annotation(slot)} = Field({default}validation_alias=AliasChoices({names}))"
    )


def optional(slot: Slot) -> str:
    """A required field, made one that may be missing."""
    if not slot.required:
        return ""
    text = _annotation(slot)
    return _slot_line(slot, text if "None" in text else f"{text} | None", "None")


def widened(slot: Slot, place: Place, node: Node) -> str:
    """The field, taking the types that came as well; empty where it does."""
    if place.types is None or node.types().keys() <= place.types | {kinds.LIST, kinds.OBJECT}:
        return ""
    came = [_PYTHON_TYPE[each] for each in node.types() if each in _PYTHON_TYPE]
    text = _annotation(slot)
    added = [each for each in came if each not in re.findall(r"\w+", text)]
    wide = " | ".join([*[each for each in text.split(" | ") if each != "None"], *added])
    wide += " | None" if "None" in text.split(" | ") else ""
    default = None if slot.required else repr(slot.info.get_default(call_default_factory=True))
    return _slot_line(slot, wide, default) if added else ""


_PYTHON_TYPE = {kinds.TEXT: "str", kinds.INTEGER: "int", kinds.NUMBER: "float", kinds.BOOLEAN: "bool"}


def with_values(slot: Slot, values: list[Any]) -> str:
    """The enumeration of the field, with the values that it lacks."""
    for leaf in _leaves(slot.info.annotation):
        if get_origin(leaf) is Literal:
            text = _text(slot.info.annotation)
            known, more = (", ".join(map(_quoted, each)) for each in (get_args(leaf), values))
            default = None if slot.required else repr(slot.info.default)
            return _slot_line(slot, text.replace(f"Literal[{known}]", f"Literal[{known}, {more}]"), default)
        if isinstance(leaf, type) and issubclass(leaf, Enum):
            lines = [f"{_name(str(value)).upper()} = {_quoted(value)}" for value in values]
            return "\n".join([f"# in {leaf.__name__}", *lines])
    return ""


def _type_of(node: Node, name: str, classes: list[str]) -> str:
    types = node.types()
    if not types:
        return "Any"
    parts = [_part(each, node, name, classes) for each in sorted(types, key=lambda one: -types[one])]
    if "float" in parts and "int" in parts:
        parts.remove("int")
    return "Any" if "Any" in parts else " | ".join(dict.fromkeys(parts))


def _part(kind: str, node: Node, name: str, classes: list[str]) -> str:
    if kind == kinds.LIST:
        return f"list[{'Any' if node.items is None else _type_of(node.items, name, classes)}]"
    if kind == kinds.OBJECT:
        return _class(node, name, classes)
    formats = [each for each in node.kinds if kinds.TYPE.get(each) == kind]
    told = {_PYTHON.get(each, "str") for each in formats}
    plain = _PYTHON_TYPE[kind]
    # an empty text is none of the narrower types
    return told.pop() if len(told) == 1 and kinds.EMPTY not in node.kinds else plain


def _class(node: Node, name: str, classes: list[str]) -> str:
    usual = all(map(_KEY.fullmatch, node.fields))
    if node.crowded or not usual or not 0 < len(node.fields) <= _MOST_FIELDS:
        return "dict[str, Any]"
    lines, taken = [f"class {name}(ReadContract):"], set[str]()
    for key, child in node.fields.items():
        whole = child.filled >= node.objects
        kind = _type_of(child, f"{name}{_camel(key)}", classes)
        line = _field(key, kind if whole else f"{kind} | None", None if whole else "None", taken)
        lines.append(f"    {line}")
    classes.append("\n".join(lines))
    return name


def _field(key: str, kind: str, default: str | None, taken: set[str]) -> str:
    """A line for the key; its name is none of those that are `taken`, and is one of them afterwards."""
    name = _name(key)
    while name in taken:
        name += "_"
    taken.add(name)
    if name == key:
        return f"{name}: {kind}" + ("" if default is None else f" = {default}")
    settings = ("" if default is None else f"default={default}, ") + f"alias={json.dumps(key)}"
    return f"{name}: {kind} = Field({settings})"


def _slot_line(slot: Slot, kind: str, default: str | None) -> str:
    key = slot.keys[0]
    settings = [] if default is None else [f"default={default}"]
    settings += [f"alias={json.dumps(key)}"] if key != slot.name else []
    if key == slot.name:
        value = "" if default is None else f" = {default}"
    else:
        value = f" = Field({', '.join(settings)})"
    return f"# in {slot.model.__name__}\n{slot.name}: {kind}{value}"


def _owner(place: Place) -> str:
    return place.models[0].__name__ if place.models else "the contract"


def _stem(place: Place) -> str:
    return place.models[0].__name__ if place.models else "Api"


def _camel(key: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", key)) or "Field"


def _name(key: str) -> str:
    """The key as a name of Python: `loyaltyTier` becomes loyalty_tier."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", key)
    name = re.sub(r"\W+", "_", snake, flags=re.ASCII).lower().strip("_") or "field"
    name = f"field_{name}" if name[0].isdigit() else name
    reserved = keyword.iskeyword(name) or name in _TAKEN or name.startswith("model_")
    return f"{name}_" if reserved else name


def _annotation(slot: Slot) -> str:
    text = _text(slot.info.annotation)
    metadata = ", ".join(_said(slot.info.metadata))
    return f"Annotated[{text}, {metadata}]" if metadata else text


def _said(metadata: Iterable[Any]) -> Iterator[str]:
    """The metadata of an annotation as it is written: `Field(ge=0)`, `BeforeValidator(blank)`."""
    for each in metadata:
        if isinstance(each, FieldInfo):
            yield from _said(each.metadata)
        elif (function := getattr(each, "func", None)) is not None:
            yield f"{type(each).__name__}({getattr(function, '__name__', '...')})"
        elif type(each).__module__.partition(".")[0] in ("annotated_types", "pydantic"):
            names = getattr(each, "__slots__", None) or vars(each)
            settings = {name: getattr(each, name) for name in names}
            yield f"Field({', '.join(f'{name}={value!r}' for name, value in settings.items())})"
        else:
            yield repr(each)


def _text(annotation: Any) -> str:
    """An annotation as it is written."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is None or annotation is type(None):
        return "None"
    if origin in (Union, UnionType):
        return " | ".join(map(_text, args))
    if origin is Literal:
        return f"Literal[{', '.join(map(_quoted, args))}]"
    if origin is Annotated:
        return f"Annotated[{_text(args[0])}, {', '.join(_said(args[1:]))}]"
    if origin is not None and args:
        inner = ", ".join("..." if each is ... else _text(each) for each in args)
        return f"{getattr(origin, '__name__', origin)}[{inner}]"
    return str(getattr(annotation, "__name__", annotation))


def _leaves(annotation: Any) -> list[Any]:
    args = get_args(annotation)
    if get_origin(annotation) is Literal or not args:
        return [annotation]
    return [leaf for each in args for leaf in _leaves(each)]


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
