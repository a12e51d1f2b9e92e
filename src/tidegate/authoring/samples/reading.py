"""Files with recorded answers: JSON bodies, or page logs of tidegate."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tidegate.authoring.exceptions import DescriptionError
from tidegate.engine.pagelog import read_log
from tidegate.utils.errors import UsageError

_MAX_BYTES = 64 << 20
_HINT = "Save the body of an answer as it came, one file an answer."


@dataclass(frozen=True, slots=True)
class Sample:
    """One body. `path` is that of the endpoint, None where nobody said; `query` what it was asked with.

    `base_url` and `headers` (names) are known of page logs and of what `tidegate new` fetched itself.
    """

    body: Any = field(repr=False)
    path: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    headers: frozenset[str] = frozenset()


def read_samples(given: Iterable[str], folder: Path, path: str | None = None) -> list[Sample]:
    """Of each FILE or PATH=FILE; `path` is that of the endpoint where a FILE has none of its own.

    A PATH may have a query (`/orders?limit=50&offset=0=FILE`): so paging is told. Raises `UsageError` for
    what is no file, and `DescriptionError` for a file that is no JSON or no page log.
    """
    return [sample for each in given for sample in _read(each, folder, path)]


def _read(given: str, folder: Path, path: str | None) -> Iterator[Sample]:
    own, file = _split(given, folder)
    url = urlsplit(own or path or "")
    if file.suffix == ".pages":
        yield from _logged(file, url.path or None)
        return
    yield Sample(_body(file), url.path or None, dict(parse_qsl(url.query, keep_blank_values=True)))


def _split(given: str, folder: Path) -> tuple[str | None, Path]:
    """FILE, or PATH=FILE, where both may hold a `=`: what comes after one of them must be a file."""
    if (folder / given).is_file():
        return None, folder / given
    for at, char in enumerate(given):
        if char == "=" and given.startswith("/") and (folder / given[at + 1 :]).is_file():
            return given[:at], folder / given[at + 1 :]
    raise UsageError(f"--sample {given}: there is no such file", hint="Give FILE, or /path=FILE.")


def split_url(address: str, base_url: str | None = None) -> tuple[str, str]:
    """The base URL of an API and the path of an endpoint under it, without the query.

    Unless `base_url` says so, the base ends with the version (`/api/v2`), or else with the host.
    """
    url = urlsplit(address)
    whole = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    if base_url and whole.startswith(base_url.rstrip("/") + "/"):
        return base_url.rstrip("/"), whole.removeprefix(base_url.rstrip("/"))
    version = re.match(r"(/[^/]+)?/v\d+(\.\d+)*(?=/)", url.path)
    path = url.path[version.end() :] if version else url.path
    return whole.removesuffix(path), path


def parsed(content: bytes, told: str) -> Any:
    """A decoded body. Raises `DescriptionError` that begins with `told`."""
    try:
        return json.loads(content, parse_constant=_refuse)
    except RecursionError:
        raise DescriptionError(f"{told}: nested too deeply", hint=_HINT) from None
    except ValueError as error:  # no JSON, or no UTF-8
        raise DescriptionError(f"{told} is not JSON: {_why(error)}", hint=_HINT) from None


def _body(file: Path) -> Any:
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise DescriptionError(
                f"{file} is larger than {_MAX_BYTES >> 20} MB", hint="A page or two is enough."
            )
        content = file.read_bytes()
    except OSError as error:
        raise DescriptionError(f"{file} cannot be read: {error.strerror}") from error
    return parsed(content, str(file))


def _logged(file: Path, path: str | None) -> Iterator[Sample]:
    request, pages = read_log(file)
    address = str(request.get("url", ""))
    base_url, own_path = split_url(address)
    for number, page in enumerate(pages):
        asked = urlsplit(page.header.get("k", {}).get("a") or "")
        query = dict(parse_qsl(asked.query or urlsplit(address).query)) | _texts(request.get("params", {}))
        yield Sample(
            parsed(page.body, f"{file}, page {number}"),
            path or own_path,
            query | _texts(page.header.get("p", {})),
            None if path else base_url,
            frozenset(page.header.get("k", {}).get("h", {})),
        )


def _texts(params: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items() if value is not None}


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _why(error: ValueError) -> str:
    """Without the content, which may be personal."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (line {error.lineno}, column {error.colno})"
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
