"""The request that follows another one: the same again, or one to where an answer leads."""

from __future__ import annotations

import httpx2

from tidegate.http_tools.exceptions import CrossOriginError
from tidegate.http_tools.origins import origin

_CREDENTIAL_FREE = frozenset(
    {"accept", "accept-encoding", "user-agent", "content-type", "content-length", "host"}
)


def again(request: httpx2.Request) -> httpx2.Request:
    """A fresh copy to send: the credential that is put on it, and its deadline, are those of one attempt."""
    copy = httpx2.Request(
        request.method,
        request.url,
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions,
    )
    copy.read()
    return copy


def redirected(
    request: httpx2.Request, status_code: int, target: httpx2.URL, *, bare: bool
) -> httpx2.Request:
    """What a redirect makes of a request; `bare`: without any header that may be secret.

    Raises `CrossOriginError` where it would take a body to another origin: what is in it may be private, and
    an API that moved for good would want its credential, too.
    """
    headers = credential_free(request.headers) if bare else request.headers.copy()
    headers["host"] = target.netloc.decode("ascii")
    method, body = request.method, request.content
    if status_code == 303 or (status_code in (301, 302) and method == "POST"):
        method, body, headers = "GET", b"", _bodyless(headers)
    if body and origin(target) != origin(request.url):
        raise CrossOriginError(
            f"{method} {request.url.path}: a redirect takes no body to another origin, {origin(target)}"
        )
    return httpx2.Request(
        method, target, headers=headers, content=body or None, extensions=dict(request.extensions)
    )


def credential_free(headers: httpx2.Headers) -> httpx2.Headers:
    """What may go to another origin: any other header, even one of the caller's own, may be a credential."""
    return httpx2.Headers([(k, v) for k, v in headers.multi_items() if k in _CREDENTIAL_FREE])


def _bodyless(headers: httpx2.Headers) -> httpx2.Headers:
    return httpx2.Headers([(k, v) for k, v in headers.multi_items() if not k.startswith("content-")])
