"""The reference of the Python API: which names stand on which page; the pages, for the site and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import griffe

from scripts.docs.pages import ROOT


@dataclass(frozen=True, slots=True)
class Group:
    """A page. `names` are dotted: a module stands for all of its public names, in its own order."""

    title: str
    what: str
    names: tuple[str, ...]


GROUPS: Mapping[str, Group] = {
    "reference/tidegate.md": Group(
        "tidegate", "What a project imports from `tidegate` itself.", ("tidegate",)
    ),
    "reference/contracts.md": Group(
        "Contracts",
        "What contracts are made of: maps, types for what vendors send, windows, tables.",
        (
            "tidegate.contracts.map",
            "tidegate.contracts.normalising",
            "tidegate.contracts.personal",
            "tidegate.contracts.windows",
            "tidegate.contracts.table",
            "tidegate.contracts.base",
            "tidegate.utils.schemas",
        ),
    ),
    "reference/clients.md": Group(
        "HTTP clients",
        "Clients, calls and pages.",
        ("tidegate.http_tools.clients", "tidegate.http_tools.policy.Terms", "tidegate.http_tools.origins"),
    ),
    "reference/auth.md": Group(
        "Auth managers", "Credentials, and how they are kept fresh.", ("tidegate.http_tools.auth",)
    ),
    "reference/rate_limiters.md": Group(
        "Rate limiters",
        "The vendor's quotas.",
        ("tidegate.http_tools.rate_limiters", "tidegate.http_tools.grants"),
    ),
    "reference/retries.md": Group(
        "Retries and breakers",
        "What is tried again, how often, and when to stop asking.",
        ("tidegate.http_tools.retry_strategies", "tidegate.http_tools.circuit_breakers"),
    ),
    "reference/pagination.md": Group(
        "Paginators", "Every way to walk a listing.", ("tidegate.http_tools.pagination",)
    ),
    "reference/events.md": Group(
        "Events", "What a request tells.", ("tidegate.http_tools.events", "tidegate.http_tools.telemetry")
    ),
    "reference/destinations.md": Group(
        "Destinations",
        "Where rows go, and what a destination has to do.",
        (
            "tidegate.destinations.registry.open_destination",
            "tidegate.destinations.base",
            "tidegate.destinations.duckdb",
            "tidegate.destinations.parquet",
            "tidegate.destinations.bigquery",
            "tidegate.destinations.memory",
        ),
    ),
    "reference/settings.md": Group(
        "Settings and secrets",
        "Settings of a connector, and values that Secret Manager holds.",
        ("tidegate.utils.settings", "tidegate.utils.gcp.access_secret_data"),
    ),
    "reference/testing.md": Group(
        "For tests",
        "Faults, recordings and frozen time; stand-in APIs on loopback.",
        (
            "tidegate.testing",
            "tidegate.sandbox.server.running",
            "tidegate.sandbox.acme",
            "tidegate.sandbox.brevo",
            "tidegate.sandbox.sendgrid",
            "tidegate.sandbox.titelive",
        ),
    ),
    "reference/errors.md": Group(
        "Errors",
        "What is raised, and the exit code that it leads to.",
        (
            "tidegate.utils.errors",
            "tidegate.http_tools.exceptions",
            "tidegate.destinations.exceptions",
            "tidegate.engine.exceptions",
        ),
    ),
}


# Its values have no docstrings, and are what it is for.
_ENUM = """\
    options:
      show_if_no_docstring: true
"""


@cache
def package() -> Any:
    """The package as its source says; nothing of it is run."""
    return griffe.load("tidegate", search_paths=[ROOT / "src"])


def documented() -> dict[str, list[str]]:
    """The names of every page. One that several modules give stands where it comes first."""
    seen: set[str] = set()
    pages: dict[str, list[str]] = {}
    for page, group in GROUPS.items():
        pages[page] = []
        for name in (each for named in group.names for each in _names(named)):
            path = _object(name).canonical_path
            if path not in seen:
                seen.add(path)
                pages[page].append(name)
    return pages


def site_page(page: str, names: Sequence[str]) -> str:
    """For mkdocstrings to fill in."""
    group = GROUPS[page]
    blocks = [f"::: {name}\n{_ENUM if _is_enum(_object(name)) else ''}" for name in names]
    return "\n".join([f"# {group.title}\n\n{group.what}\n", *blocks])


def text_page(page: str, names: Sequence[str]) -> str:
    """The same without mkdocstrings: signatures as code, docstrings as they are."""
    group = GROUPS[page]
    lines = [f"# {group.title}", "", group.what]
    for name in names:
        lines += _told(_object(name), name.rpartition(".")[2], name.rpartition(".")[0], level=2)
    return "\n".join(lines)


def _names(named: str) -> list[str]:
    found = _object(named)
    if not found.is_module:
        return [named]
    public = (
        [str(each) for each in found.exports]
        if found.exports
        else [
            name
            for name, each in found.members.items()
            if each.is_public and not each.is_imported and not each.is_module
        ]
    )
    return [f"{named}.{name}" for name in public]


def _object(name: str) -> Any:
    found: Any = package()
    for part in name.split(".")[1:]:
        found = found.members[part]
        found = found.final_target if found.is_alias else found
    return found


def _is_enum(found: Any) -> bool:
    return bool(found.is_class and any(str(base).endswith("Enum") for base in found.bases))


def _told(found: Any, name: str, inside: str, level: int) -> Iterator[str]:
    yield from ("", f"{'#' * level} {name}", "", "```python")
    yield _signature(found, name)
    yield "```"
    if inside and level == 2:
        yield from ("", f"`from {inside} import {name}`")
    if found.docstring:
        yield from ("", found.docstring.value)
    if found.is_class:
        for each, member in found.members.items():
            if member.is_public and not member.is_special and not member.is_alias and _is_told(member):
                yield from _told(member, f"{name}.{each}", "", level + 1)


def _is_told(member: Any) -> bool:
    """Fields without a docstring stand in the signature of their class."""
    return bool(member.docstring) or member.is_function or "property" in member.labels


def _signature(found: Any, name: str) -> str:
    if found.is_function:
        return f"{'async ' if 'async' in found.labels else ''}def {found.signature(name=name)}"
    if found.is_class:
        return "\n".join([f"class {name}{_bases(found)}", *_made_with(found, name)])
    if "property" in found.labels:
        return f"{name}: {found.annotation}"
    return str(found.source).strip()


def _bases(found: Any) -> str:
    return f"({', '.join(map(str, found.bases))})" if found.bases else ""


def _made_with(found: Any, name: str) -> list[str]:
    """How an instance is made; of a class that says nothing of that, its public attributes."""
    if "__init__" in found.members:
        made: str = found.members["__init__"].signature(name=name, return_type=False)
        return [made]
    fields = [each for each in found.members.values() if each.is_attribute and each.is_public]
    return [f"    {each.source.strip()}" for each in fields if "property" not in each.labels and each.lines]
