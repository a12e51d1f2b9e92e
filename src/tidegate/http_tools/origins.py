"""The origin rule: a credential goes only to the origin it was made for.

Measured on the peers: an API key in a header of its own follows a redirect to any host unless the client
forbids it; only `Authorization` is stripped by HTTP libraries.
"""

from __future__ import annotations

import ipaddress

import httpx2

from tidegate.http_tools.exceptions import CrossOriginError
from tidegate.utils.errors import SettingsError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5


def origin(url: httpx2.URL) -> str:
    """`scheme://host:port` in lower case, the port always written."""
    port = url.port or _DEFAULT_PORTS.get(url.scheme, 0)
    host = url.raw_host.decode("ascii")
    return f"{url.scheme}://{f'[{host}]' if ':' in host else host}:{port}".lower()


def origin_of(url: str) -> str:
    """The origin of a URL in text."""
    return origin(httpx2.URL(url))


def checked(url: str, setting: str) -> httpx2.URL:
    """The URL of a setting. Raises `SettingsError` where it names no origin that could be asked."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL()
    if parsed.scheme not in _DEFAULT_PORTS or not parsed.host:
        raise SettingsError(
            f"{setting}: not an address that can be asked", hint="It begins with https:// and a host name."
        )
    if parsed.userinfo:
        raise SettingsError(
            f"{setting}: a user or password has no place in an address", hint="Give it to an auth_manager."
        )
    return parsed


def public(url: httpx2.URL) -> str:
    """The URL without what may be secret: no query, fragment or user."""
    path = url.raw_path.partition(b"?")[0].decode("ascii")
    return f"{url.scheme}://{url.netloc.decode('ascii')}{path}"


def path_of(url: str) -> str:
    return httpx2.URL(url).path


def is_loopback(url: httpx2.URL) -> bool:
    if url.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False


def check_target(url: httpx2.URL, home: httpx2.URL | None, allowed: frozenset[str]) -> bool:
    """Whether `url` may be given credentials. Raises `CrossOriginError` where it may not be asked at all.

    `home` is the client's base URL (None: no base, no credential); `allowed` are other origins that may be
    asked without credentials.
    """
    if url.scheme not in _DEFAULT_PORTS:
        raise CrossOriginError(f"{url.scheme or 'a relative'} URL: only http and https are spoken")
    if home is None:
        return False
    target = origin(url)
    if target == origin(home):
        return True
    _check_downgrade(home, url)
    if target in allowed:
        return False
    raise CrossOriginError(
        f"{origin(home)} leads to {target}, another origin; nothing was sent there",
        hint=f"If that is right, allow it by name: allowed_origins=['{target}'] (no credential is sent).",
    )


def _check_downgrade(source: httpx2.URL, url: httpx2.URL) -> None:
    if source.scheme == "https" and url.scheme == "http" and not is_loopback(url):
        raise CrossOriginError(f"{origin(source)} leads to {origin(url)}: https never falls back to http")


def redirect_of(response: httpx2.Response) -> httpx2.URL | None:
    """Where the answer sends us, relative ones joined, without a user; None where it is no redirect.

    Raises `CrossOriginError` for an address that is malformed, or that falls back from https to http.
    """
    location = response.headers.get("location")
    if response.status_code not in _REDIRECTS or location is None:
        return None
    source = response.request.url
    try:
        target = source.join(location).copy_with(userinfo=b"")
    except (httpx2.InvalidURL, ValueError) as error:
        raise CrossOriginError(f"{origin(source)} redirects to a malformed address") from error
    _check_downgrade(source, target)
    return target
