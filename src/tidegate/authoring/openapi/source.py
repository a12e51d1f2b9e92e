"""The bytes of a description: from a file or from an address, never more than a bound."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from tidegate.authoring.exceptions import DescriptionError
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import ResponseTooLargeError
from tidegate.utils.errors import UsageError

MOST_BYTES = 64 << 20  # the largest public descriptions have about 40 MiB
_DEADLINE_S = 120.0
_CUT_HINT = "Cut out the paths that you need into a file of their own."


def is_address(source: str | Path) -> bool:
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def shown(source: str | Path) -> str:
    """The source as messages and docstrings name it: a file's name, an address without user and query."""
    if not is_address(source):
        return Path(source).name
    try:
        parts = urlsplit(str(source))
    except ValueError:
        return str(source).partition("?")[0].rpartition("@")[2]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def fetch(source: str | Path) -> bytes:
    """Blocks. No credential is sent. Raises `UsageError` for what is not there, `DescriptionError` for what
    is too large, and what an `HttpClient` raises.
    """
    return _downloaded(str(source)) if is_address(source) else _local(Path(source))


def _downloaded(address: str) -> bytes:
    _check(address)
    if "@" in urlsplit(address).netloc:
        raise UsageError(
            f"{shown(address)}: the address holds a user or a password, and no credential is sent for a file",
            hint="Download the file, and give its path.",
        )
    with SyncHttpClient(max_bytes=MOST_BYTES, deadline_s=_DEADLINE_S) as client:
        try:
            return client.request("GET", address).content
        except ResponseTooLargeError as error:
            raise _too_large(address) from error


def _check(address: str) -> None:
    try:
        parts = urlsplit(address)
        is_address = bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", parts.netloc)
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(
            f"{shown(address)} is no address", hint="It looks like https://acme.com/openapi.json."
        )


def _local(path: Path) -> bytes:
    if not path.is_file():
        what = "is no file" if path.exists() else "does not exist"
        raise UsageError(f"{path} {what}", hint="Give the path of an OpenAPI file, or its http(s) address.")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise _too_large(path)
    return content


def _too_large(source: str | Path) -> DescriptionError:
    return DescriptionError(f"{shown(source)} is over {MOST_BYTES >> 20} MiB", hint=_CUT_HINT)
