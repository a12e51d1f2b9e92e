"""The steps of a run at which it can be killed, found from outside: every call that writes, syncs, renames or
commits passes through here, is named by its act and the kind of file ("sync pages", "commit warehouse"), and
counted. One of them can be the last that the process does.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import duckdb

T = TypeVar("T")

When = Literal["before", "half", "after"]
Act = Literal["kill", "fill", "hold"]
HELD = "held"  # the file that stands in the folder of the scene for as long as a run is held
SAID = "said.txt"  # what a run said of its failure
ASKED = "asked.log"  # what the API was asked
RESULT = "result.json"  # what was counted
_TESTS_OWN = {HELD, SAID, ASKED, RESULT}

_KINDS = {
    ".pages": "pages",
    ".arrow": "part",
    ".rejects": "rejects",
    ".profile": "profile",
    ".lock": "lock",
    ".db": "ledger",
    ".new": "warehouse",
    ".duckdb": "warehouse",
}
_RESOURCE = re.compile(r"/(jobs|queries|tables|datasets)(?=/|$)")
_RECORDS = {"plan", "run", "summary", "timeline"}  # what stands in the folder of the run itself
_CHANGES = {"INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP"}


@dataclass(frozen=True)
class Fault:
    """What happens at the n-th call of a step (from 1), before it, half-way through, or after it: SIGKILL;
    a disk that is full from then on; or waiting until the file `HELD` is gone.
    """

    step: str
    when: When
    n: int = 1
    act: Act = "kill"

    def __str__(self) -> str:
        return f"{self.act} {self.when} {self.step} ({self.n})"


class Steps:
    """Counts the steps that the process takes with files under `folder`, and strikes where told."""

    def __init__(self, folder: Path, fault: Fault | None) -> None:
        self.counts: Counter[str] = Counter()
        self.halves: set[str] = set()  # steps that can be cut in the middle
        self._folder, self._fault = folder, fault
        self._full = False
        self._paths: dict[int, Path] = {}
        self._lock = threading.Lock()

    def take(
        self,
        step: str,
        act: Callable[[], T],
        *,
        half: Callable[[], object] | None = None,
        full: Callable[[], Exception] | None = None,
    ) -> T:
        """Do the act as the step that it is. `half` does a part of it, `full` makes what it raises where the
        disk is full (None for what needs no space).
        """
        with self._lock:
            self.counts[step] += 1
            number = self.counts[step]
        if half is not None:
            self.halves.add(step)
        fault = self._fault
        hit = fault is not None and (fault.step, fault.n) == (step, number)
        when = fault.when if hit and fault is not None else None
        if when == "half" and half is not None:
            half()
        if when in ("before", "half"):
            self._strike()
        if self._full and full is not None:
            raise full()
        done = act()
        if when == "after":
            self._strike()
        return done

    def _strike(self) -> None:
        if self._fault is None:
            return
        match self._fault.act:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "fill":
                self._full = True
            case "hold":
                held, parent = self._folder / HELD, os.getppid()
                held.touch()
                while held.exists():
                    time.sleep(0.005)
                    if os.getppid() != parent:  # the test has failed, and is gone
                        os._exit(1)

    def watch(self) -> None:
        """Put the watchers in place, for the rest of this process."""
        self._watch_files()
        self._watch_names()
        real_sqlite, real_duckdb = sqlite3.connect, duckdb.connect
        sqlite3.connect = partial(real_sqlite, factory=_ledger(self))  # type: ignore[assignment]

        def connect(database: str, *, read_only: bool = False) -> Any:
            opened = real_duckdb(database, read_only=read_only)
            return opened if read_only else _Warehouse(self, opened)

        duckdb.connect = connect  # type: ignore[assignment]

    def kind(self, path: Path) -> str | None:
        """What the file is to a run; None for one that is none of its own."""
        if self._folder not in path.parents or path.name in _TESTS_OWN:
            return None
        if path.is_dir():
            return "folder"
        name = Path(path.name.removesuffix(".tmp"))
        if name.suffix == ".json":
            own = name.stem in _RECORDS
            return name.stem if own else "baseline" if "drift" in path.parts else "manifest"
        return _KINDS.get(name.suffix, name.name)

    def _of_fd(self, act: str, fd: int) -> str | None:
        path = self._paths.get(fd)
        kind = None if path is None else self.kind(path)
        return None if kind is None else f"{act} {kind}"

    def _watch_files(self) -> None:
        real_open, real_fdopen, path_open = os.open, os.fdopen, Path.open
        pwrite = os.pwrite

        def open_(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
            named = Path(os.fspath(path))
            made = partial(real_open, path, flags, mode, **more)
            kind = self.kind(named)
            if flags & os.O_CREAT and kind is not None and not named.exists():
                fd = self.take(f"create {kind}", made, full=_no_space)
            else:
                fd = made()
            self._paths[fd] = named
            return fd

        def pwrite_(fd: int, data: Any, at: int) -> int:
            step = self._of_fd("write", fd)
            if step is None:
                return pwrite(fd, data, at)
            half = partial(pwrite, fd, data[: len(data) // 2], at)
            return self.take(step, lambda: pwrite(fd, data, at), half=half, full=_no_space)

        def opened(path: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
            file = path_open(path, mode, *args, **more)
            self._paths[file.fileno()] = path
            return file if self.kind(path) is None or "w" not in mode else _File(self, path, file)

        def fdopen(fd: int, mode: str = "r", *args: Any, **more: Any) -> Any:
            file, path = real_fdopen(fd, mode, *args, **more), self._paths.get(fd)
            watched = path is not None and self.kind(path) is not None and "w" in mode
            return _File(self, path, file) if watched and path is not None else file

        os.open, os.pwrite, os.fdopen = open_, pwrite_, fdopen
        Path.open = opened  # type: ignore[method-assign, assignment]

        for name, act in (("fsync", "sync"), ("fdatasync", "sync"), ("ftruncate", "cut")):
            setattr(os, name, self._on_fd(getattr(os, name), act))

    def _on_fd(self, real: Callable[..., Any], act: str) -> Callable[..., Any]:
        def watched(fd: int, *args: Any) -> Any:
            step = self._of_fd(act, fd)
            done = partial(real, fd, *args)
            return done() if step is None else self.take(step, done, full=_no_space)

        return watched

    def _watch_names(self) -> None:
        for name, act, which in (
            ("replace", "rename", 1),
            ("rename", "rename", 1),
            ("link", "link", 1),
            ("unlink", "remove", 0),
            ("mkdir", "make", 0),
        ):
            setattr(os, name, self._on_name(getattr(os, name), act, which))

    def watch_requests(self) -> None:
        """Those of Google's clients: "POST jobs", "upload jobs", "DELETE tables"."""
        import requests

        real = requests.Session.request

        def request(session: requests.Session, method: str, url: str, *args: Any, **more: Any) -> Any:
            kind = _RESOURCE.findall(urlsplit(url).path)[-1:]
            verb = "upload" if "/upload/" in url else method
            done = partial(real, session, method, url, *args, **more)
            return self.take(f"{verb} {kind[0]}", done) if kind else done()

        requests.Session.request = request  # type: ignore[method-assign, assignment]

    def _on_name(self, real: Callable[..., Any], act: str, which: int) -> Callable[..., Any]:
        def watched(*paths: Any, **more: Any) -> Any:
            named, done = Path(os.fspath(paths[which])), partial(real, *paths, **more)
            kind = "folder" if act == "make" else self.kind(named)
            if kind is None or (act == "remove" and not named.exists()):
                return done()
            return self.take(f"{act} {kind}", done, full=_no_space if act in ("make", "link") else None)

        return watched


def _no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class _File:
    """A file opened for writing; what it is made of goes through the steps."""

    def __init__(self, steps: Steps, path: Path, file: Any) -> None:
        self._steps, self._file, self._kind = steps, file, steps.kind(path)

    def write(self, data: Any) -> int:
        def half() -> None:
            self._file.write(bytes(data)[: len(data) // 2])
            self._file.flush()

        written: int = self._steps.take(
            f"write {self._kind}", lambda: self._file.write(data), half=half, full=_no_space
        )
        return written

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _ledger(steps: Steps) -> type[sqlite3.Connection]:
    """A connection whose commits are steps, named by what the transaction changed."""

    class Ledger(sqlite3.Connection):
        change = "schema"

        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            words = sql.split()
            if words[0] in _CHANGES:
                self.change = {"INSERT": words[2], "UPDATE": "report"}.get(words[0], words[0].lower())
            if words[0] != "COMMIT":
                return super().execute(sql, *args)
            commit = partial(super().execute, sql, *args)
            return steps.take(f"commit ledger: {self.change}", commit, full=_ledger_full)

    return Ledger


def _ledger_full() -> sqlite3.Error:
    return sqlite3.OperationalError("database or disk is full")


class _Warehouse:
    """A DuckDB connection that writes; its statements and its end are steps."""

    def __init__(self, steps: Steps, connection: Any) -> None:
        self._steps, self._connection = steps, connection

    def execute(self, sql: str, *args: Any) -> Any:
        verb, run = sql.split(maxsplit=1)[0], partial(self._connection.execute, sql, *args)
        if verb == "COMMIT":
            return self._steps.take("commit warehouse", run, full=_warehouse_full)
        return self._steps.take(f"{verb.lower()} warehouse", run) if verb in _CHANGES else run()

    def close(self) -> None:
        self._steps.take("close warehouse", self._connection.close)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _warehouse_full() -> duckdb.Error:
    return duckdb.IOException("Could not write: No space left on device")
