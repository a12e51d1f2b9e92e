"""What one request tells its audience while the policy carries it out."""

from __future__ import annotations

from collections.abc import Callable

import httpx2

from tidegate.http_tools.audience import Audience
from tidegate.http_tools.effects import Flow, Send
from tidegate.http_tools.events import Answered, Failed, Redirected, Retrying, Sent, Waiting
from tidegate.http_tools.origins import public


class Telling:
    """Makes events, redacted, where somebody hears them. Belongs to one request over all its attempts."""

    def __init__(
        self,
        audience: Audience,
        endpoint: str,
        redact: Callable[[str], str],
        clock: Callable[[], float],
    ) -> None:
        self._audience, self._endpoint, self._redact, self._clock = audience, endpoint, redact, clock
        self._sent = 0

    def send(self, sending: Send, waited_s: float) -> Flow[httpx2.Response]:
        """Send, and tell what came of it."""
        resend, self._sent = self._sent, self._sent + 1
        if not self._audience.wants_all:
            return (yield from sending)
        request = sending.request
        sent = Sent(self._redact(self._endpoint), request.method, self._redact(public(request.url)), resend)
        self._audience(sent)
        began = self._clock()
        try:
            response = yield from sending
        except BaseException as error:
            self._audience(Failed(sent.endpoint, type(error).__name__, self._clock() - began, sent))
            raise
        took, size = self._clock() - began, response.extensions.get("tidegate.size", len(response.content))
        self._audience(Answered(sent.endpoint, response.status_code, size, waited_s, took, sent))
        return response

    def waiting(self, seconds: float) -> None:
        self._audience(Waiting(self._redact(self._endpoint), seconds))

    def retrying(self, attempt: int, failure: str, delay_s: float) -> None:
        endpoint, failure = self._redact(self._endpoint), self._redact(failure)
        self._audience(Retrying(endpoint, attempt, failure, delay_s))

    def redirected(self, status_code: int, target: httpx2.URL) -> None:
        endpoint = self._redact(self._endpoint)
        self._audience(Redirected(endpoint, status_code, self._redact(public(target))))
