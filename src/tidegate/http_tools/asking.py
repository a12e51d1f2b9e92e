"""What requests are made of: addresses, parameters as text, headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx2

from tidegate.http_tools.codings import extra_codings
from tidegate.http_tools.exceptions import HttpClientError


@lru_cache(maxsize=256)  # the pages of a listing share their URL, and URLs are slow to build
def resolved(base_text: str, url: str) -> httpx2.URL:
    try:
        given = httpx2.URL(url)
        if given.is_absolute_url or not base_text:
            return given
        base = httpx2.URL(base_text)
        if given.host:  # `//other.host/path` names another origin
            return base.join(url)
    except httpx2.InvalidURL as error:
        raise HttpClientError("the address to ask is malformed") from error
    path, _, _ = base.raw_path.partition(b"?")
    return base.copy_with(raw_path=path.rstrip(b"/") + b"/" + given.raw_path.lstrip(b"/"))


def encoded(name: str, value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return encoded(name, value.value)
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"parameter {name}: {value} has no time zone")
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case list() | tuple():
            return [encoded(name, each) for each in value if each is not None]
        case str() | int() | float() | Decimal() | UUID():
            return str(value)
        case _:
            raise TypeError(f"parameter {name}: write the {type(value).__name__} as text yourself")


def lowered(headers: Mapping[str, str] | None) -> dict[str, str]:
    """With names in lower case, so that `Accept` takes the place of `accept`."""
    return {name.lower(): value for name, value in headers.items()} if headers else {}


def default_headers() -> dict[str, str]:
    codings = ", ".join(("gzip", "deflate", *extra_codings()))
    return {"accept": "application/json", "accept-encoding": codings, "user-agent": "tidegate"}
