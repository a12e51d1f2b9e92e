from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.turns import turn


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {name: tmp_path / name for name in ("gate", "room")}
    for file in made.values():
        file.touch()
    return made


def together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_who_is_alone_meets_nobody(files: dict[str, Path]) -> None:
    inside: list[bool] = []
    met: list[Sequence[bool]] = []

    def come_and_go(alone: bool) -> None:
        for _ in range(40):
            with turn(alone=alone, **files):
                inside.append(alone)
                time.sleep(0.001)
                met.append(tuple(inside))
                inside.remove(alone)

    together(*(partial(come_and_go, alone) for alone in (True, False, False)))
    assert [present for present in met if True in present] == [(True,)] * 40


def test_others_are_let_in_together(files: dict[str, Path]) -> None:
    both = threading.Barrier(2, timeout=30)

    def meet() -> None:
        with turn(alone=False, **files):
            both.wait()

    together(meet, meet)
    assert not both.broken
