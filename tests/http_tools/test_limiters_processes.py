"""Processes that share a quota on a real Valkey: the window holds by its clock, and each gets its share."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.http_tools.windows import least_share, most_in_any_window, steady_rate


@dataclass(frozen=True)
class Found:
    """What one process was granted: the moments, and whom it was for."""

    stamps: list[float]
    granted: list[tuple[str, float]]


def run_processes(kind: str, url: str, skews: list[float], lasting_s: float) -> tuple[float, list[Found]]:
    """When they started, all at once, and what each found."""
    command = [sys.executable, "-m", "tests.http_tools.shared_worker", kind, url]
    workers = [
        subprocess.Popen(
            [*command, str(skew), str(lasting_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for skew in skews
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    start = time.monotonic() + 0.1
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(f"{start}\n")
        worker.stdin.flush()
    return start, [Found(**json.loads(worker.communicate(timeout=60)[0])) for worker in workers]


def prove(kind: str, url: str, lasting_s: float) -> None:
    """Two processes, eight waiters each, one clock half a second off: 50 in any second, no less, in turn."""
    start, found = run_processes(kind, url, [0.0, 0.5], lasting_s)
    stamps = [stamp for each in found for stamp in each.stamps]
    assert most_in_any_window(stamps, 1.0) <= 50
    assert steady_rate(stamps, 50, 1.0) == pytest.approx(50, rel=0.02)
    # the first window is free for who comes first; from then on everybody stands in line
    names = [f"{n} {name}" for n, each in enumerate(found) for name, at in each.granted if at >= start + 1.05]
    assert least_share(names, 16) >= 0.5


@pytest.mark.extended
def test_two_processes_on_one_store_never_pass_the_window_and_share_it(
    valkey: str, store: redis.Redis
) -> None:
    prove("shared", valkey, 6.0)


@pytest.mark.extended
def test_the_proof_fails_a_limiter_on_client_clocks(valkey: str, store: redis.Redis) -> None:
    with pytest.raises(AssertionError, match="most_in_any_window"):
        prove("client-clock", valkey, 1.5)


_FORKS = """
import os, sys
from tidegate.http_tools.rate_limiters import SharedLimiter
limiter = SharedLimiter(40, 60, key="fork", store=sys.argv[1], slack_s=6)
assert limiter.try_acquire() == 0  # four slots came with it
for _ in range(2):
    if not os.fork():
        break
granted = 0
while granted < 50 and limiter.try_acquire() == 0:
    granted += 1
os.write(1, b"%d " % granted)
"""


def test_forked_processes_share_no_slot(valkey: str, store: redis.Redis) -> None:
    worker = subprocess.Popen([sys.executable, "-c", _FORKS, valkey], stdout=subprocess.PIPE, text=True)
    granted = [int(each) for each in worker.communicate(timeout=30)[0].split()]
    assert len(granted) == 3
    assert sum(granted) <= 39
