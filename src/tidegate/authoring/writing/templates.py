"""The files that are much the same for every API, as texts with gaps (`template/*.in`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template

from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import Layout, docstring

_QUOTES = '"""'


def filled(name: str, identity: Identity, layout: Layout, **gaps: str) -> str:
    """The template with the names of the API, and with `gaps`, in its gaps."""
    shared = {
        "acme": identity.name,
        "Acme": identity.cls,
        "ACME": identity.prefix,
        "title": identity.title,
        "whose": identity.whose,
        "own": f"{layout.package}." if layout.package else "",
    }
    text = _template(name).substitute(shared, **gaps)
    opening, end, rest = text.removeprefix(_QUOTES).partition(_QUOTES)
    return f"{docstring(opening)}{rest}" if end and text.startswith(_QUOTES) else text


@cache
def _template(name: str) -> Template:
    return Template(files("tidegate.authoring.writing").joinpath("template", name).read_text("utf-8"))
