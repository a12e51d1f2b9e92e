"""What goes wrong on purpose: refusals, server errors, broken bodies and slowness, fixed by the seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from tidegate.sandbox import draws
from tidegate.sandbox.asgi import HTML, Answer, json_answer

Kind = Literal["throttled", "error", "cut", "slow"]
_KINDS: tuple[Kind, ...] = ("throttled", "error", "cut", "slow")
_STATUSES = (500, 502, 503)


class Faults:
    """Decides by request number, so that a run with one worker meets the same faults again."""

    def __init__(self, seed: int, rate: float, slow_s: float) -> None:
        self._seed = seed
        self._slow_s = slow_s
        self.rate = rate

    def strike(self, request: int, answer: Answer) -> Answer | None:
        """What is sent in place of `answer`; None, mostly, if the answer goes out as it is."""
        rng = draws.stream(self._seed, "fault", request)
        if rng.random() >= self.rate:
            return None
        kind = rng.choice(_KINDS)
        if kind == "slow":
            return replace(answer, delay_s=self._slow_s)
        if kind == "cut":
            return replace(answer, cut_at=len(answer.body) // 2)
        if kind == "throttled":
            return too_many("Too many requests, the platform is busy")
        return _server_error(rng.choice(_STATUSES), html=rng.random() < 0.5)


def too_many(message: str) -> Answer:
    """429 as Brevo words it. There is no Retry-After; the quota headers are added by the gate."""
    return json_answer(429, {"code": "too_many_requests", "message": message})


def _server_error(status: int, *, html: bool) -> Answer:
    if html:  # a gateway in front of the API answers in its own words
        page = f"<html><head><title>{status}</title></head><body><center>nginx</center></body></html>"
        return Answer(status, page.encode(), HTML)
    # Some of Brevo's errors carry a message and no code.
    return json_answer(status, {"message": "Internal server error, please try again"})
