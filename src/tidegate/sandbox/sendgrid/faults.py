"""What goes wrong on purpose: refusals, server errors, broken bodies and slowness, fixed by the seed."""

from __future__ import annotations

from dataclasses import replace

from tidegate.sandbox import draws
from tidegate.sandbox.asgi import HTML, Answer, json_answer

_KINDS = ("throttled", "error", "cut", "slow")
_FILE_KINDS = ("error", "cut", "short", "slow")
_STATUSES = (500, 502, 503)


class Faults:
    """Decides by request number, so that a run with one worker meets the same faults again."""

    def __init__(self, seed: int, rate: float, slow_s: float) -> None:
        self._seed, self._slow_s, self.rate = seed, slow_s, rate

    def strike(self, request: int, answer: Answer, *, file: bool = False) -> Answer | None:
        """What is sent in place of `answer`; None, mostly, if the answer goes out as it is."""
        rng = draws.stream(self._seed, "fault", "file" if file else "api", request)
        if rng.random() >= self.rate:
            return None
        kind = rng.choice(_FILE_KINDS if file else _KINDS)
        if kind == "slow":
            return replace(answer, delay_s=self._slow_s)
        if kind == "cut":
            return replace(answer, cut_at=len(answer.body) // 2)
        if kind == "short":  # whole as far as its length goes: only the gzip stream tells
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        if kind == "throttled":
            return errors(429, "too many requests")
        return _server_error(rng.choice(_STATUSES), html=rng.random() < 0.5)


def _server_error(status: int, *, html: bool) -> Answer:
    if html:  # a gateway in front of the API answers in its own words
        return Answer(status, f"<html><title>{status}</title>nginx</html>".encode(), HTML)
    return errors(status, "internal server error")


def errors(status: int, message: str, field: str | None = None) -> Answer:
    """A failure in SendGrid's words."""
    return json_answer(status, {"errors": [{"field": field, "message": message}]})
