"""`read`: a file or an address in, what is known of the API out."""

from __future__ import annotations

import keyword
import re
import unicodedata
from pathlib import Path
from typing import Any

from tidegate.authoring.description import Api
from tidegate.authoring.exceptions import DescriptionError
from tidegate.authoring.openapi.loading import load
from tidegate.authoring.openapi.operations import endpoints
from tidegate.authoring.openapi.references import Document
from tidegate.authoring.openapi.schemas import Schemas
from tidegate.authoring.openapi.security import credential
from tidegate.authoring.openapi.servers import base_url
from tidegate.authoring.openapi.source import fetch, is_address, shown

_WORDS_OF_NO_NAME = frozenset(
    ["api", "apis", "rest", "openapi", "swagger", "the", "public", "official", "specification"]
)
_VERSIONS = "OpenAPI 3.0, OpenAPI 3.1 and Swagger 2.0 are read."


def read(source: str | Path, *, name: str | None = None) -> Api:
    """Every GET route of an OpenAPI 3.0, 3.1 or Swagger 2 file, in JSON or YAML; blocks.

    `source` is a path or an http(s) address, which is asked without a credential. `name` is the API's;
    without one the title gives it. Schemas are complete in themselves and share memory: do not change them.

    Raises `UsageError` where there is no such file, `DescriptionError` where it is no description of an API,
    is broken, refers to other files, or is beyond all bounds; and what an `HttpClient` raises.
    """
    where = shown(source)
    document = Document(load(fetch(source), where), where)
    _check(document)
    info = document.root.get("info")
    title = _text(info, "title")
    schemas = Schemas(document)
    found = tuple(endpoints(document, schemas))
    how, notes = credential(document)
    version = _text(info, "version")
    return Api(
        name=identifier(name or title or Path(where).stem),
        title=title or where,
        base_url=base_url(document, str(source) if is_address(source) else None),
        credential=how,
        endpoints=found,
        origin_of_facts=f"{where}, version {version}" if version else where,
        todo=(*notes, *document.notes),
    )


def _text(value: Any, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return " ".join(str(found).split()) if isinstance(found, str | int | float) else ""


def _check(document: Document) -> None:
    root, where = document.root, document.name
    version = root.get("openapi", root.get("swagger"))
    if version is None:
        raise DescriptionError(
            f"{where} is no OpenAPI file: it has neither the key openapi nor swagger", hint=_VERSIONS
        )
    wanted = ("2",) if "openapi" not in root else ("3.0", "3.1")
    if not str(version).startswith(wanted):
        raise DescriptionError(f"{where} is written in version {str(version)[:20]!r}", hint=_VERSIONS)
    if not isinstance(root.get("paths"), dict) or not root["paths"]:
        raise DescriptionError(
            f"{where} describes no paths", hint="Give the file that describes the routes of the API."
        )


def identifier(text: str) -> str:
    """A name for packages and commands: `The Acme API (v3)` -> `acme`."""
    owned = re.sub(r"['\u2019]s\b", "", text)
    plain = unicodedata.normalize("NFKD", owned).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    kept = [
        word for word in words if word not in _WORDS_OF_NO_NAME and not re.fullmatch(r"v?\d+", word)
    ] or words
    made = "_".join(kept[:3])[:40].strip("_") or "api"
    if made[0].isdigit() or keyword.iskeyword(made):
        made = f"api_{made}"
    return made
