"""`kill -9` at many moments, then the same command: exact tables, and no logged page asked for again."""

from __future__ import annotations

import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.brevo_bench import CORE, Bench, MakeBench
from tests.brevo_truth import assert_exact

Asked = frozenset[tuple[str, str]]
RUN = "killed-often"


def start(bench: Bench) -> subprocess.Popen[bytes]:
    """The command line, in a process of its own."""
    environment = {
        **os.environ,
        "BREVO_API_KEY": "a-key-of-the-tests",
        "BREVO_BASE_URL": f"{bench.origin}/v3",
        "BREVO_QUOTA": str(bench.quota),
        "TIDEGATE_HOME": str(bench.home.root),
    }
    command = [
        sys.executable,
        "-m",
        "tidegate",
        "run",
        "brevo",
        *CORE,
        "--to",
        str(bench.warehouse),
        "--run-id",
        RUN,
        "--debug",
    ]
    return subprocess.Popen(
        command, env=environment, cwd=bench.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def requests(bench: Bench) -> list[tuple[str, Asked]]:
    """What the stand-in was asked so far, in order."""
    return [(path, frozenset(parse_qsl(query))) for path, query, _ in bench.sandbox.counters()["log"]]


def logged(folder: Path) -> Iterator[tuple[str, Asked]]:
    """The requests whose answers stand whole in the page logs, read by hand."""
    for file in folder.rglob("*.pages"):
        content, at = file.read_bytes(), 0
        first: dict[str, Any] = {}
        while at + 12 <= len(content):
            _, length, _ = struct.unpack_from("<III", content, at)
            text = content[at + 12 : at + 8 + length]
            if len(text) < length - 4:
                break
            header = json.loads(text)
            at += 8 + length + header.get("z", 0)
            if at > len(content):
                break
            first = header.get("request", first)
            if "i" in header:
                params = {**first["params"], **header["p"]}
                asked = frozenset((name, str(value)) for name, value in params.items())
                yield first["url"].partition("/v3")[2], asked


def kill_when(bench: Bench, moment: Callable[[], bool], limit_s: float = 20.0) -> bool:
    """Start the run and kill it at the moment; False where it ended before."""
    process = start(bench)
    deadline = time.monotonic() + limit_s
    while process.poll() is None and not moment() and time.monotonic() < deadline:
        time.sleep(0.002)
    ended = process.poll() is not None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return not ended


@pytest.mark.extended
@pytest.mark.timeout(300)
def test_a_run_killed_at_many_moments_ends_exact_and_asks_for_no_logged_page_again(bench: MakeBench) -> None:
    made = bench(rows=60_000, faults=0.05)
    random.seed(7)
    killed = 0
    for asked in [1, 2, 5, 8, 12, 16, 20, 24, 30, 36, 40, 44]:
        stood, before = set(logged(made.home.root)), len(requests(made))
        pause = random.random() * 0.08
        reached: list[float] = []

        def moment(asked: int = asked, pause: float = pause, reached: list[float] = reached) -> bool:
            if made.sandbox.counters()["requests"] >= asked and not reached:
                reached.append(time.monotonic())
            return bool(reached) and time.monotonic() > reached[0] + pause

        killed += kill_when(made, moment)
        assert not stood & set(requests(made)[before:])
    stood, before = set(logged(made.home.root)), len(requests(made))
    last = start(made)
    _, err = last.communicate(timeout=120)
    assert last.returncode == 0, err.decode()
    assert not stood & set(requests(made)[before:])
    assert killed >= 8
    assert_exact(made.sandbox, made.warehouse, *CORE)


@pytest.mark.extended
@pytest.mark.timeout(300)
def test_a_run_killed_while_it_builds_and_commits_ends_exact(bench: MakeBench) -> None:
    made = bench(rows=60_000)
    random.seed(11)
    commits = 0
    for _ in range(8):
        reached: list[float] = []
        pause = random.random() * 0.4

        def moment(pause: float = pause, reached: list[float] = reached) -> bool:
            if made.warehouse.exists() and not reached:
                reached.append(time.monotonic())
            return bool(reached) and time.monotonic() > reached[0] + pause

        commits += kill_when(made, moment)
        if not commits:
            made.warehouse.unlink(missing_ok=True)
    assert commits >= 3
    last = start(made)
    _, err = last.communicate(timeout=120)
    assert last.returncode == 0, err.decode()
    assert_exact(made.sandbox, made.warehouse, *CORE)
