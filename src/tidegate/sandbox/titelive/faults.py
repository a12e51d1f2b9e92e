"""What goes wrong on purpose: overload, server errors, broken bodies, slowness; fixed by the seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from tidegate.sandbox import draws
from tidegate.sandbox.asgi import HTML, Answer, json_answer

Kind = Literal["overload", "error", "cut", "slow"]
_KINDS: tuple[Kind, ...] = ("overload", "error", "cut", "slow")


class Faults:
    """Decides by request number, so that a run with one worker meets the same faults again."""

    def __init__(self, seed: int, rate: float, slow_s: float) -> None:
        self._seed, self._slow_s = seed, slow_s
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
        if kind == "overload":
            return overload()
        status = rng.choice((500, 502, 503))
        return Answer(status, f"<html><body><h1>{status}</h1></body></html>".encode(), HTML)


def overload() -> Answer:
    """503 without a word of when to come back."""
    return json_answer(503, {"error": "Service Unavailable"})
