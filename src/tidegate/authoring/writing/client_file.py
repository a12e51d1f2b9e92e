"""`connectors/acme/client.py`: a method for each listing."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from tidegate.authoring.description import Listing, Parameter
from tidegate.authoring.writing.arguments import Arguments
from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import Layout, Module
from tidegate.authoring.writing.names import PLACEHOLDER
from tidegate.authoring.writing.paginators import Paged, paged
from tidegate.authoring.writing.subjects import Subject
from tidegate.authoring.writing.words import line, quoted, words

_ROOM = 96  # characters of a line in a docstring or comment of a method


def client_file(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    facts = f"Source of facts: {identity.source_of_facts}; `README.md` beside this file."
    module = Module(layout, f"{identity.whose} routes.\n\n{facts}\n")
    module.use("tidegate.http_tools.clients", "Call", "HttpClient")
    methods = [_method(each, module) for each in subjects]
    module.use_own(f"connectors.{identity.name}.schemas", *(each.names.reads for each in subjects))
    module.add(
        f"class {identity.cls}Connector:\n"
        f'    """{_doc(subjects)}"""\n\n'
        "    def __init__(self, client: HttpClient) -> None:\n"
        "        self.client = client\n\n" + "\n\n".join(methods)
    )
    return module.text()


_LAZY = "Each method returns a `Call` that sends nothing yet."
_SORTED = f"""{_LAZY}

    A listing that can be sorted is asked for in rising order: rows that come while it is read then stand at
    its end, and do not move the others.
    """


def _doc(subjects: Sequence[Subject]) -> str:
    parameters = [each for subject in subjects for each in subject.listing.endpoint.parameters]
    return _SORTED if any(map(_rising, parameters)) else _LAZY


def _method(subject: Subject, module: Module) -> str:
    listing, names = subject.listing, subject.names
    arguments = Arguments(listing)
    signature = ", ".join(["self", *_positional(arguments), *_by_name(arguments)])
    _import_types(signature, module)
    goes_on = paged(listing, subject.row)
    module.use("tidegate.http_tools.pagination", goes_on.name)
    call = [
        '"GET"',
        _address(arguments, module),
        f"reads={names.reads}",
        *([f"items={quoted(listing.items)}"] if listing.items else []),
        *(["numbered=True"] if listing.numbered else []),
        f"paginator={goes_on}",
        *_params(arguments, goes_on),
    ]
    doubts = [each for each in listing.todo if is_of_paging(each)]
    if goes_on.name == "SinglePage" or not doubts:
        doubts = [goes_on.todo, *doubts]
    todo = [part for each in doubts if each for part in comment(f"TODO: {each}", 8)]
    return "\n".join(
        [
            f"    def {names.method}({signature}) -> Call[{names.reads}]:",
            *_docstring(listing),
            *todo,
            f"        return self.client.pages({', '.join(call)},)",
        ]
    )


def _positional(arguments: Arguments) -> Iterator[str]:
    for name in arguments.placeholders:
        yield f"{arguments.in_path(name)}: {arguments.placeholder_type(name)}"


def _by_name(arguments: Arguments) -> Iterator[str]:
    if arguments.query:
        yield "*"
    for each in sorted(arguments.query, key=lambda each: not each.required):
        told = arguments.type_of(each)
        rising = _rising(each)
        if each.required and not rising:
            yield f"{arguments[each.name]}: {told}"
        else:
            yield f"{arguments[each.name]}: {told} | None = {quoted(rising) if rising else 'None'}"


def _rising(parameter: Parameter) -> str | None:
    """Of a parameter that says in which direction to sort: new rows then come at the end."""
    values = parameter.schema.get("enum", ())
    found = {str(each).lower(): each for each in values}
    return next((found[each] for each in ("asc", "ascending") if each in found and len(values) == 2), None)


def _address(arguments: Arguments, module: Module) -> str:
    path = arguments.listing.endpoint.path
    if not arguments.placeholders:
        return quoted(path)
    module.use("urllib.parse", "quote")
    segments = [_segment(each, arguments) for each in path.strip("/").split("/")]
    whole = "".join(f"/{each}" for each, _ in segments)
    if len(whole) <= _ROOM - 10:
        return f'f"{whole}"'
    return " ".join(
        f'f"/{each}"' if has_name or "{{" in each else f'"/{each}"' for each, has_name in segments
    )


def _segment(segment: str, arguments: Arguments) -> tuple[str, bool]:
    """As a part of an f-string, and whether it has a placeholder."""
    parts = PLACEHOLDER.split(segment)
    texts = [quoted(each)[1:-1].replace("{", "{{").replace("}", "}}") for each in parts[::2]]
    names = [_sent_in_path(name, arguments) for name in parts[1::2]]
    return "".join(text + name for text, name in zip(texts, [*names, ""], strict=True)), bool(names)


def _sent_in_path(placeholder: str, arguments: Arguments) -> str:
    name = arguments.in_path(placeholder)
    is_text = arguments.placeholder_type(placeholder) == "str"
    return f"{{quote({name}, safe='')}}" if is_text else f"{{{name}}}"


def _params(arguments: Arguments, goes_on: Paged) -> Iterator[str]:
    size = [f"{quoted(goes_on.size[0])}: {goes_on.size[1]}"] if goes_on.size else []
    pairs = [*size, *(f"{quoted(each.name)}: {_sent(each, arguments)}" for each in arguments.query)]
    if pairs:
        yield f"params={{{', '.join(pairs)}}}"


def is_of_paging(doubt: str) -> bool:
    """Whether what could not be told belongs to the client, and not to the table."""
    return bool({"page", "pages", "paging", "cursor", "limit", "offset", "parameter"} & set(words(doubt)))


def _sent(parameter: Parameter, arguments: Arguments) -> str:
    name = arguments[parameter.name]
    if not arguments.type_of(parameter).startswith("Sequence["):
        return name
    return f"list({name})" if parameter.required else f"list({name}) if {name} is not None else None"


def _import_types(signature: str, module: Module) -> None:
    for name, home in (
        ("Literal", "typing"),
        ("Sequence", "collections.abc"),
        ("date", "datetime"),
        ("datetime", "datetime"),
    ):
        if re.search(rf"(: |\[){name}\b", signature):
            module.use(home, name)


def _docstring(listing: Listing) -> list[str]:
    endpoint = listing.endpoint
    first = line(endpoint.summary or endpoint.description, _ROOM - 4) or f"Rows of `GET {endpoint.path}`"
    more = line(endpoint.description, 4 * _ROOM)
    if not more or more.startswith(first.rstrip(" .")) or first.startswith(more):
        return [f'        """{_ended(first)}"""']
    return [f'        """{_ended(first)}', "", *wrapped(_ended(more), 8), '        """']


def _ended(text: str) -> str:
    """As a sentence of a docstring."""
    safe = text.replace("\\", "/").replace('"""', "'''")
    return safe if safe.endswith("...") else f"{safe.rstrip(' .')}."


def comment(text: str, indent: int) -> list[str]:
    """With a full stop."""
    return [f"{' ' * indent}# {each.strip()}" for each in wrapped(f"{text.rstrip('. ')}.", indent, 2)]


def wrapped(text: str, indent: int, less: int = 0) -> list[str]:
    plain = " ".join(text.split())
    return textwrap.wrap(
        plain, 108 - less, initial_indent=" " * indent, subsequent_indent=" " * indent, break_long_words=True
    )
