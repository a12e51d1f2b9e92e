"""What was asked for, so that a test can prove that no page was asked for twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

LOG_LENGTH = 10_000
CUT = 0  # status in the log of an answer that broke off: no client can have read it


@dataclass(slots=True)
class Tally:
    """Of one endpoint: requests at all, refused over quota, struck by a fault."""

    requests: int = 0
    refused: int = 0
    faults: int = 0


class Counters:
    """Counts and a log of the last 10,000 data requests. Guarded by the sandbox's lock."""

    def __init__(self, endpoints: Iterable[str]) -> None:
        self._endpoints = tuple(endpoints)
        self.reset()

    def reset(self) -> None:
        """Begin again at nothing."""
        self._tallies = {endpoint: Tally() for endpoint in self._endpoints}
        self._log: deque[tuple[str, str, int]] = deque(maxlen=LOG_LENGTH)

    def record(self, endpoint: str, query: str, status: int, *, refused: bool, fault: bool) -> None:
        """One request, in the order of arrival. `status` is `CUT` for an answer that breaks off."""
        tally = self._tallies[endpoint]
        tally.requests += 1
        tally.refused += refused
        tally.faults += fault
        ordered = urlencode(sorted(parse_qsl(query, keep_blank_values=True)))
        self._log.append((endpoint, ordered, status))

    def as_dict(self) -> dict[str, Any]:
        """The totals, the same by endpoint, and the log as `[path, sorted query string, status]`."""
        tallies = self._tallies.values()
        return {
            "requests": sum(tally.requests for tally in tallies),
            "refused": sum(tally.refused for tally in tallies),
            "faults": sum(tally.faults for tally in tallies),
            "by_endpoint": {endpoint: asdict(tally) for endpoint, tally in self._tallies.items()},
            "log": [list(entry) for entry in self._log],
        }
