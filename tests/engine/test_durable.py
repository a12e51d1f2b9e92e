"""A machine that loses its power keeps what was synced, by content and by name: each file of a run is, before
anything builds on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.shop import Shop

# What is only a figure, a plot or a cache may be lost.
MAY_BE_LOST = ("standing.cache", "timeline", "traffic")


class Disk:
    """The syncs and renames of this process in their order, by path; a new page log counts as a rename."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[tuple[str, Path]] = []
        self.sources: dict[int, Path] = {}  # of renames, by their place in `said`
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, self._sync(getattr(os, name)))
        replace, opened = os.replace, os.open

        def rename(source: Any, target: Any, **more: Any) -> None:
            replace(source, target, **more)
            self.sources[len(self.said)] = Path(source)
            self.said.append(("name", Path(target)))

        def open_file(path: Any, flags: int, *more: Any, **named: Any) -> int:
            fresh = flags & os.O_CREAT and str(path).endswith(".pages") and not Path(path).exists()
            if fresh:
                self.said.append(("name", Path(path)))
            return opened(path, flags, *more, **named)

        monkeypatch.setattr(os, "replace", rename)
        monkeypatch.setattr(os, "open", open_file)

    def _sync(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def synced(fd: int) -> None:
            path = Path(f"/proc/self/fd/{fd}").readlink()
            sync(fd)
            self.said.append(("sync", path))

        return synced

    def named(self, home: Path) -> list[tuple[int, Path]]:
        """The files of the state folder that got their names, each with its place in the order."""
        found = [(at, path) for at, (act, path) in enumerate(self.said) if act == "name"]
        return [(at, path) for at, path in found if home in path.parents and not _may_be_lost(path)]


def _may_be_lost(path: Path) -> bool:
    return path.name.startswith(MAY_BE_LOST)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    shop = Shop(tmp_path)
    shop.fill(25)
    disk = Disk(monkeypatch)
    assert shop.runner(run_id="one").run().exit_code == 0
    monkeypatch.undo()
    kinds = {path.name for _, path in disk.named(tmp_path)}
    assert kinds >= {"run.json", "plan.json", "all.pages", "all.arrow", "all.json", "summary.json"}
    return disk


def test_a_file_is_synced_before_it_gets_its_name(tmp_path: Path, disk: Disk) -> None:
    for at, path in disk.named(tmp_path):
        if at in disk.sources:
            assert ("sync", disk.sources[at]) in disk.said[:at], path


def test_a_name_is_synced_before_the_next_file_gets_one(tmp_path: Path, disk: Disk) -> None:
    named = disk.named(tmp_path)
    later = [at for at, _ in named[1:]]
    for (at, path), until in zip(named, [*later, len(disk.said)], strict=True):
        assert ("sync", path.parent) in disk.said[at:until], path
