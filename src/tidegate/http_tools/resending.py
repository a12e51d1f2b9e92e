"""The request that follows another one: the same again, or one to where an answer leads."""

from __future__ import annotations

import httpx2

_CREDENTIAL_FREE = frozenset(
    {"accept", "accept-encoding", "user-agent", "content-type", "content-length", "host"}
)


def again(request: httpx2.Request) -> httpx2.Request:
    """A fresh copy for the next attempt: nothing of the last one's headers or state is carried along."""
    return httpx2.Request(
        request.method,
        request.url,
        headers=request.headers,
        content=request.content,
        extensions=dict(request.extensions),
    )


def redirected(
    request: httpx2.Request, status_code: int, target: httpx2.URL, *, bare: bool
) -> httpx2.Request:
    """What a redirect makes of a request; `bare`: without any header that may be secret."""
    headers = credential_free(request.headers) if bare else request.headers.copy()
    headers["host"] = target.netloc.decode("ascii")
    method, body = request.method, request.content
    if status_code == 303 or (status_code in (301, 302) and method == "POST"):
        method, body, headers = "GET", b"", _bodyless(headers)
    return httpx2.Request(
        method, target, headers=headers, content=body or None, extensions=dict(request.extensions)
    )


def credential_free(headers: httpx2.Headers) -> httpx2.Headers:
    """What may go to another origin: any other header, even one of the caller's own, may be a credential."""
    return httpx2.Headers([(k, v) for k, v in headers.multi_items() if k in _CREDENTIAL_FREE])


def _bodyless(headers: httpx2.Headers) -> httpx2.Headers:
    return httpx2.Headers([(k, v) for k, v in headers.multi_items() if not k.startswith("content-")])
