"""The fixtures `bench` (see `tests/brevo_bench.py`) and `storage` (see `tests/servers/cloud_storage.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.brevo_bench import NOON, Bench, MakeBench
from tests.servers.cloud_storage import storage
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running

__all__ = ["bench", "storage"]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeBench]:
    """Make a `Bench`; keywords go to the stand-in. Its quota is high unless said."""
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path / "home"))
    with ExitStack() as stack:

        def make(*, quota: float = 2000.0, **sandbox: Any) -> Bench:
            made = BrevoSandbox(quota=quota, now=NOON, slow_s=0.2, **sandbox)
            return Bench(made, stack.enter_context(running(made)), tmp_path, quota)

        yield make
