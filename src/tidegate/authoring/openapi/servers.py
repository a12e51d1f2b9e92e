"""The address that the paths of an API follow."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from tidegate.authoring.openapi.references import Document

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def base_url(document: Document, address: str | None) -> str | None:
    """Without a slash at the end; None where it is not told, or not whole. `address`: where the file was."""
    if "swagger" in document.root:
        return _whole(_of_swagger(document.root, address))
    return _of_servers(document, address)


def _whole(url: str | None) -> str | None:
    """An address without user, query and the slash at its end; None for what is none."""
    try:
        parts = urlsplit(url or "")
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that make no sense
        return None
    if not is_address or not f"{parts.netloc}{parts.path}".isprintable() or " " in parts.netloc + parts.path:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def _of_swagger(root: dict[str, Any], address: str | None) -> str | None:
    host, path, schemes = root.get("host"), root.get("basePath"), root.get("schemes")
    own = urlsplit(address) if address else None
    if not isinstance(host, str) or not host:
        if own is None:
            return None
        host = own.netloc
    allowed = [each for each in schemes if isinstance(each, str)] if isinstance(schemes, list) else []
    usual = own.scheme if own is not None and own.netloc == host else "https"
    scheme = "https" if "https" in allowed else (allowed or [usual])[0]
    path = path if isinstance(path, str) else ""
    return f"{scheme}://{host}/{path.strip('/')}"


def _of_servers(document: Document, address: str | None) -> str | None:
    """Of several the first that is whole: files list the one for all before those for some."""
    for server in _servers(document):
        url = _filled(server)
        if url is None:
            continue
        try:
            found = _whole(urljoin(address, url) if address else url)
        except ValueError:
            continue
        if found is not None:
            if names := _VARIABLE.findall(str(server["url"])):
                document.notes.append(
                    f"The base URL, {found}, has the description's own values for {', '.join(names)}: look up"
                    " those of the account."
                )
            return found
    return None


def _servers(document: Document) -> list[dict[str, Any]]:
    places = [document.root, *_operations(document)]
    lists = [each["servers"] for each in places if isinstance(each.get("servers"), list) and each["servers"]]
    if not lists:  # what the specification says that none means
        return [{"url": "/"}]
    return [server for server in lists[0] if isinstance(server, dict)]


def _operations(document: Document) -> list[dict[str, Any]]:
    items = [item for item in document.root["paths"].values() if isinstance(item, dict)]
    return [*items, *(item["get"] for item in items if isinstance(item.get("get"), dict))]


def _filled(server: dict[str, Any]) -> str | None:
    """The URL with the defaults of its variables; None where one has none: each account has its own."""
    url, variables = server.get("url"), server.get("variables")
    if not isinstance(url, str):
        return None
    known = variables if isinstance(variables, dict) else {}
    for name in _VARIABLE.findall(url):
        default = known[name].get("default") if isinstance(known.get(name), dict) else None
        if default is None or not str(default):
            return None
        url = url.replace("{" + name + "}", str(default))
    return url
