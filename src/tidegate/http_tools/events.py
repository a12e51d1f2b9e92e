"""What a request tells while it is under way: one frozen value each, given to a listener.

Listeners are called on the thread or loop that runs the request; they must be quick and must not raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Waiting:
    """The quota asks for a wait of `seconds`."""

    endpoint: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer came, of whatever status; `waited_s` is what its slot of the quota cost."""

    endpoint: str
    status_code: int
    size: int
    waited_s: float


@dataclass(frozen=True, slots=True)
class Retrying:
    """An attempt failed and another follows after `delay_s`."""

    endpoint: str
    attempt: int
    failure: str
    delay_s: float


Event: TypeAlias = Waiting | Answered | Retrying
Listener: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of who does not listen."""
