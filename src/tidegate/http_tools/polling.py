"""Polling: asynchronous exports, from the request that starts one until it is ready or failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2
import orjson

from tidegate.http_tools.effects import Flow, Sleep
from tidegate.http_tools.exceptions import ContractError, ExportFailedError, ExportTimeoutError
from tidegate.http_tools.headers import delay
from tidegate.http_tools.pagination.reading import MISSING, dig, header_of
from tidegate.http_tools.policy import DEFAULT_TERMS, Policy, Terms, request_flow

_BLANK = re.compile(r"\{([^{}]+)\}")
_SHOWN = 80
State = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Start:
    """The request that starts an export. A POST is sent again only where it cannot have started two."""

    method: str
    url: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """An export that is ready: the answer that said so, after how many questions and seconds."""

    response: httpx2.Response
    state: State
    asked: int
    took_s: float

    @property
    def doc(self) -> Any:
        """The decoded body. Raises `ContractError` where it is not JSON."""
        return _json(self.response)


@dataclass(frozen=True, slots=True)
class Signs:
    """How an answer tells how far an export is.

    `state` is a dotted path into the body; None goes by the status alone: 202 is pending, any other 2xx
    ready. A state that is neither in `ready` nor in `failed` means to ask again, unless `pending` is given
    and has it not either: then it is a `ContractError`, as a state that is missing is. Raises `ValueError`
    for a path without states that are ready, `TypeError` for a text in the place of a collection.
    """

    state: str | None = None
    ready: Collection[State] = ()
    failed: Collection[State] = ()
    pending: Collection[State] | None = None

    def __post_init__(self) -> None:
        if any(isinstance(each, str) for each in (self.ready, self.failed, self.pending)):
            raise TypeError("ready, failed and pending are collections of states: {'done'}, not 'done'")
        if self.state is not None and not self.ready:
            raise ValueError(f"which states at {self.state!r} are ready?")

    def of(self, response: httpx2.Response) -> State:
        if self.state is None:
            return response.status_code
        value = dig(_json(response), self.state)
        if value is MISSING or not isinstance(value, str | int | bool | None):
            raise ContractError(f"{_endpoint(response)}: no state at {self.state!r}")
        return value

    def knows(self, state: State) -> bool:
        return self.pending is None or state in {*self.ready, *self.failed, *self.pending}

    def is_ready(self, state: State) -> bool:
        return state != 202 if self.state is None else state in self.ready


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to ask: after `first_s` seconds, each time `factor` times later than before, up to `cap_s`.

    A `Retry-After` that is longer is obeyed. After `deadline_s` seconds from the start the state is asked
    once more, and then it is enough.
    """

    first_s: float = 1.0
    factor: float = 1.5
    cap_s: float = 60.0
    deadline_s: float = 3600.0

    def __post_init__(self) -> None:
        if self.first_s < 0 or self.factor < 1 or self.cap_s < self.first_s or self.deadline_s < 0:
            raise ValueError("a pace needs 0 <= first_s <= cap_s, factor >= 1 and deadline_s >= 0")

    def waits(self) -> Iterator[float]:
        wait = self.first_s
        while True:
            yield wait
            wait = min(self.cap_s, max(wait * self.factor, 0.05))


DEFAULT_SIGNS = Signs()
DEFAULT_PACE = Pace()


@dataclass(frozen=True, slots=True)
class Until:
    """What a route waits for: an address is asked at this pace until its answer has a sign of being ready.

    For the first time after `pace.first_s`: what was begun just now is not even known everywhere.
    """

    signs: Signs = DEFAULT_SIGNS
    pace: Pace = DEFAULT_PACE


Build = Callable[[str], httpx2.Request]


def poll_flow(
    policy: Policy,
    ask: Build,
    url: str,
    start: httpx2.Request | None,
    signs: Signs,
    pace: Pace,
    terms: Terms = DEFAULT_TERMS,
) -> Flow[Ready]:
    """The exchanges from the start of an export until it is ready, for a driver; see `HttpClient.poll`.

    An answer with a status that `terms` accept ends it as well, with the state None.
    """
    began = policy.clock()
    if start is not None:
        url = _filled(url, (yield from request_flow(policy, start)))
    waits, asked = pace.waits(), 0
    if start is not None:
        yield from Sleep(min(next(waits), pace.deadline_s))
    while True:
        last = policy.clock() - began >= pace.deadline_s
        response = yield from request_flow(policy, ask(url), terms)
        asked += 1
        if response.status_code in terms.accept:
            return Ready(response, None, asked, policy.clock() - began)
        state, took_s = signs.of(response), policy.clock() - began
        if signs.is_ready(state):
            return Ready(response, state, asked, took_s)
        told = policy.redact.beginning(str(state), _SHOWN)
        if not signs.knows(state):
            raise ContractError(f"{_endpoint(response)}: the unknown state {told!r}")
        if state in signs.failed:
            raise ExportFailedError(
                f"{_endpoint(response)}: the export failed: {told!r}",
                state=told,
                hint=policy.redact.beginning(response.content[: 1 << 20].decode("utf-8", "replace"), 300),
            )
        if last:
            raise ExportTimeoutError(
                f"{_endpoint(response)}: still {told!r} after {took_s:.0f} s and {asked} questions",
                state=told,
                hint="It may be ready later: poll that address again, or allow a longer deadline_s.",
            )
        wait = max(next(waits), delay(response.headers.get("retry-after"), policy.epoch()) or 0.0)
        yield from Sleep(max(0.0, min(wait, pace.deadline_s - took_s)))


def _filled(url: str, response: httpx2.Response) -> str:
    """`/exports/{id}` with what stands at `id` in the answer; `{links.self}` alone is the address itself."""
    alone = _BLANK.fullmatch(url)

    def value(found: re.Match[str]) -> str:
        name = header_of(found[1])
        what = response.headers.get(name, MISSING) if name else dig(_json(response), found[1])
        if not isinstance(what, str | int) or isinstance(what, bool) or what == "":
            raise ContractError(f"{_endpoint(response)}: nothing at {found[1]!r} leads to the export")
        return str(what) if alone else quote(str(what), safe="")

    filled = _BLANK.sub(value, url)
    if not alone:
        return filled
    try:
        return str(response.request.url.copy_with(query=None).join(filled))
    except (httpx2.InvalidURL, ValueError) as error:
        raise ContractError(f"{_endpoint(response)}: what leads to the export is malformed") from error


def _endpoint(response: httpx2.Response) -> str:
    return f"{response.request.method} {response.request.url.path}"


def _json(response: httpx2.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise ContractError(f"{_endpoint(response)}: the body is not JSON") from error
