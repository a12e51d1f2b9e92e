"""A call for a token: how it is asked, and what its answer or its silence means.

No error of it tells more than the origin, the status and the error code of RFC 6749 section 5.2: path, query
and body of a token endpoint hold credentials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2
import orjson

from tidegate.http_tools.auth.base import Hop, is_sendable
from tidegate.http_tools.auth.tokens import Granted, Unanswered, temporary
from tidegate.http_tools.effects import TOTAL_TIMEOUT, Flow, Send
from tidegate.http_tools.exceptions import ResponseTooLargeError, TokenError
from tidegate.http_tools.headers import number
from tidegate.http_tools.origins import checked, is_loopback, origin
from tidegate.http_tools.retry_strategies import Failure
from tidegate.utils.errors import SettingsError

_MAX_BYTES = 1 << 20
_LONGEST_CALL_S = 60.0
_TEMPORARY = frozenset({408, 425, 429})
_CODE = re.compile(r"[a-z_]{3,40}")  # of the registered error codes; a credential has other characters, too
_HINTS = {
    "invalid_client": "The server does not know this client, or its secret or key is another.",
    "unauthorized_client": "The client may not use this grant: allow it where the client is registered.",
    "invalid_scope": "The scope is unknown, or not given to this client.",
    "unsupported_grant_type": "The server does not offer this grant.",
}
_OF_CREDENTIALS = frozenset({"invalid_client", "invalid_grant", "unauthorized_client"})
_NOT_REFUSED = "The credential was not refused: run again when the server answers."
_CREDENTIALS = "the credentials that the auth manager was made with"


def endpoint(url: str, setting: str = "token_url") -> httpx2.URL:
    """The address to ask for tokens. Raises `SettingsError` unless it is https, or http on loopback."""
    parsed = checked(url, setting)
    if parsed.scheme != "https" and not is_loopback(parsed):
        raise SettingsError(
            f"{setting}: credentials go over https only", hint="http is for loopback, that is for tests."
        )
    return parsed


def form_request(
    url: httpx2.URL, form: Mapping[str, str], headers: Mapping[str, str], hop: Hop
) -> httpx2.Request:
    own = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    return _request("POST", url, {**own, **headers}, urlencode(form).encode(), hop)


def json_request(
    method: str, url: httpx2.URL, body: Any, headers: Mapping[str, str], hop: Hop
) -> httpx2.Request:
    own = {"accept": "application/json"}
    if body is None:
        return _request(method, url, {**own, **headers}, None, hop)
    own["content-type"] = "application/json"
    return _request(method, url, {**own, **headers}, orjson.dumps(body), hop)


def _request(
    method: str, url: httpx2.URL, headers: Mapping[str, str], content: bytes | None, hop: Hop
) -> httpx2.Request:
    named = {"user-agent": "tidegate", **headers}
    total_s = min(hop.extensions.get(TOTAL_TIMEOUT) or _LONGEST_CALL_S, _LONGEST_CALL_S, hop.left_s)
    extensions = {**hop.extensions, TOTAL_TIMEOUT: total_s}
    return httpx2.Request(method, url, headers=named, content=content, extensions=extensions)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a token endpoint answered with 2xx."""

    where: str
    doc: Any = field(repr=False)

    def token(self, path: str) -> str:
        """The token at a dotted path. Raises `TokenError` where there is none that could be sent."""
        value = self.at(path)
        if not isinstance(value, str) or not is_sendable(value):
            code = error_code(self.doc)
            raise TokenError(
                f"{self.where} answered without a usable token under {path!r}"
                + (f", but with the error {code}" if code else ""),
                hint=_HINTS.get(code, "Is this the address of the token endpoint?"),
            )
        return value

    def lifetime_s(self, path: str) -> float | None:
        """The seconds at a dotted path; None where they are missing, no number, or negative."""
        value = self.at(path)
        return number(str(value)) if isinstance(value, str | int | float) else None

    def granted(self, token: str, lifetime: str) -> Granted:
        return Granted(self.token(token), self.lifetime_s(lifetime))

    def at(self, path: str) -> Any:
        found = self.doc
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found


class Refused(Exception):  # noqa: N818 - it never leaves this package: `error` does
    """A token endpoint answered 4xx: `error` is what is to be raised in the end, `code` is OAuth's."""

    def __init__(self, error: TokenError, code: str, response: httpx2.Response) -> None:
        super().__init__(str(error))
        self.error, self.code, self.response = error, code, response

    @property
    def of_credentials(self) -> bool:
        """Whether it was a secret that was not taken, or may have been: servers are not of one mind."""
        return self.response.status_code in (401, 403) or self.code in _OF_CREDENTIALS


def ask(request: httpx2.Request, credentials: str = _CREDENTIALS) -> Flow[Answer]:
    """One call. Raises `Unanswered` where it may be tried again, `Refused` for a 4xx, else `TokenError`.

    `credentials` is what a person is told to check.
    """
    where = f"the token endpoint at {origin(request.url)}"
    try:
        response = yield from Send(request, _MAX_BYTES)
    except httpx2.RequestError as error:
        unsent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
        gone = temporary(f"{where} gave no complete answer: {type(error).__name__}", hint=_NOT_REFUSED)
        gone.__cause__ = error
        raise Unanswered(gone, _failure(None, sent=not unsent)) from error
    except ResponseTooLargeError as error:
        raise TokenError(f"{where} answered with more than {_MAX_BYTES} bytes") from error
    _check(response, where, credentials)
    return Answer(where, _decoded(response))


def _check(response: httpx2.Response, where: str, credentials: str) -> None:
    status = response.status_code
    if response.is_success:
        return
    code = error_code(_decoded(response))
    told = f"{where} answered {status}" + (f" {code}" if code else "")
    if status >= 500 or status in _TEMPORARY:
        headers = {name: response.headers[name] for name in ("retry-after",) if name in response.headers}
        raise Unanswered(temporary(told, hint=_NOT_REFUSED), _failure(status, headers=headers))
    if response.is_redirect:
        raise TokenError(
            f"{told}: a redirect, which a credential does not follow", hint="Give the final address."
        )
    raise Refused(TokenError(told, hint=_HINTS.get(code, f"Check {credentials}.")), code, response)


def _failure(status: int | None, *, sent: bool = True, headers: Mapping[str, str] | None = None) -> Failure:
    # A token call changes nothing that a second one would change again.
    return Failure("POST", 1, status, sent=sent, idempotency_key=True, headers=headers or {})


def error_code(doc: Any) -> str:
    """The code of an OAuth error, or nothing where there is none, or none that looks like one."""
    code = doc.get("error") if isinstance(doc, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _decoded(response: httpx2.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
