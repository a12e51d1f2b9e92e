"""A refresh token in a file: durable, its owner's alone, and one process at a time."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import stat
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.http_tools.auth_support import answer, calls, manager, posted, refused
from tests.http_tools.driving import World
from tidegate.http_tools.auth import FileTokenStore, Hop
from tidegate.http_tools.clients import AsyncHttpClient
from tidegate.http_tools.exceptions import TokenError
from tidegate.utils.errors import ExitCode, SettingsError


def test_a_file_keeps_the_token_for_its_owner_alone(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "sub" / "token")
    assert store.load() is None
    store.save("one")
    store.save("two")
    assert store.load() == "two"
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert [each.name for each in store.path.parent.iterdir()] == ["token"]


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(SettingsError, match="others may read it") as caught:
        FileTokenStore(tmp_path / "token").load()
    assert "chmod 600" in (caught.value.hint or "")


def test_a_save_that_fails_leaves_the_old_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileTokenStore(tmp_path / "token")
    store.save("one")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.save("two")
    assert store.load() == "one"
    assert [each.name for each in tmp_path.iterdir()] == ["token"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    FileTokenStore(tmp_path / "link").save("one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "one"


def test_one_at_a_time_has_the_lease(tmp_path: Path) -> None:
    one, other = FileTokenStore(tmp_path / "token"), FileTokenStore(tmp_path / "token")
    assert one.try_lease()
    assert not one.try_lease()
    assert not other.try_lease()
    one.release()
    assert other.try_lease()
    other.release()


def test_a_lease_that_is_asked_for_in_vain_leaves_no_file_open(tmp_path: Path) -> None:
    one, other = FileTokenStore(tmp_path / "token"), FileTokenStore(tmp_path / "token")
    assert one.try_lease()
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert not any(other.try_lease() for _ in range(10))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    one.release()


def test_a_lease_that_a_forked_process_has_inherited_is_given_back(tmp_path: Path) -> None:
    one, other = FileTokenStore(tmp_path / "token"), FileTokenStore(tmp_path / "token")
    assert one.try_lease()
    assert one._fd is not None
    inherited = os.dup(one._fd)
    one.release()
    assert other.try_lease()
    other.release()
    os.close(inherited)


def _refresh_in_process(path: Path, rounds: int, results: Any) -> None:
    """Rotates as a server would: the number in the token goes up, and one that was used is refused."""
    counter = path.with_name("server")
    auth = manager("0", FileTokenStore(path))

    for _ in range(rounds):
        flow = auth.authorise(httpx2.Request("GET", "https://x.com"), "access", Hop())
        world = _Rotating(counter)
        try:
            world.run(flow)
        except TokenError as error:
            results.put(str(error))
    results.put("done")


class _Rotating(World):
    def __init__(self, counter: Path) -> None:
        super().__init__([])
        self.counter = counter

    def _perform(self, effect: Any) -> Any:
        from tidegate.http_tools.effects import Send, Sleep

        if isinstance(effect, Sleep):
            time.sleep(min(effect.seconds, 0.005))
            return None
        if not isinstance(effect, Send):
            return super()._perform(effect)
        shown, present = posted(effect.request)["refresh_token"], self.counter.read_text()
        if shown != present:
            return httpx2.Response(400, json={"error": "invalid_grant"}, request=effect.request)
        self.counter.write_text(str(int(present) + 1))
        time.sleep(0.002)
        doc = {"access_token": "access", "refresh_token": str(int(present) + 1)}
        return httpx2.Response(200, json=doc, request=effect.request)


def test_processes_that_share_a_file_never_show_a_token_twice(tmp_path: Path) -> None:
    path, rounds, workers = tmp_path / "token", 8, 3
    (tmp_path / "server").write_text("0")
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    running = [
        context.Process(target=_refresh_in_process, args=(path, rounds, results)) for _ in range(workers)
    ]
    for each in running:
        each.start()
    for each in running:
        each.join(60)
    assert [results.get(timeout=5) for _ in range(workers)] == ["done"] * workers
    assert (tmp_path / "server").read_text() == FileTokenStore(path).load() == str(rounds * workers)


def test_a_lease_that_never_comes_is_worth_another_run(tmp_path: Path) -> None:
    holder = FileTokenStore(tmp_path / "token")
    assert holder.try_lease()
    with pytest.raises(TokenError, match="another process has been refreshing") as caught:
        calls(manager("one", FileTokenStore(tmp_path / "token")))
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    holder.release()


def test_the_lease_is_given_back_whatever_happens(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "token")
    for script in ([refused("invalid_grant")], [httpx2.Response(503)] * 3, [answer(refresh_token="two")]):
        with contextlib.suppress(TokenError):
            calls(manager("one", store), *script)
        assert store.try_lease()
        store.release()


def test_a_lease_that_comes_after_the_event_loop_has_ended_is_given_back(tmp_path: Path) -> None:
    class Slow(FileTokenStore):
        def try_lease(self) -> bool:
            time.sleep(0.2)
            return super().try_lease()

    auth = manager("one", Slow(tmp_path / "token"))
    client = AsyncHttpClient("https://api.example.com", auth_manager=auth)

    async def ends() -> None:
        asyncio.ensure_future(client.request("GET", "/"))  # noqa: RUF006 - it is what is left behind
        await asyncio.sleep(0.05)

    asyncio.run(ends())
    other = FileTokenStore(tmp_path / "token")
    assert other.try_lease()
    other.release()


def test_threads_share_a_store_in_turn(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "token")
    held: list[bool] = []

    def take() -> None:
        held.append(store.try_lease())

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held.count(True) == 1
    store.release()
