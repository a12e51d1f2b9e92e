"""The two drivers: with `sending.py` and `stopping.py` all that blocks or awaits. They hold no policy."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import httpx2

from tidegate.http_tools import shielding
from tidegate.http_tools.effects import Blocking, Effect, Flow, Send, Shielded, Sleep, Wait, WaitAtMost
from tidegate.http_tools.sending import send, send_async
from tidegate.http_tools.stopping import Stop

__all__ = ["Stop", "drive", "drive_async"]

T = TypeVar("T")


def drive(flow: Flow[T], http: httpx2.Client | None, stop: Stop, *, shielded: bool = False) -> T:
    """Run a flow on this thread, to its result or its error. Shielded, what it sends is not cut."""
    try:
        effect = next(flow)
        while True:
            try:
                result = _perform(effect, http, stop, shielded)
            except BaseException as error:  # noqa: BLE001 - the flow decides what an error means
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        flow.close()


async def drive_async(
    flow: Flow[T], http: httpx2.AsyncClient | None, stop: Stop, *, shielded: bool = False
) -> T:
    """Run a flow on this event loop, to its result or its error."""
    try:
        effect = next(flow)
        while True:
            try:
                result = await _perform_async(effect, http, stop, shielded)
            except BaseException as error:  # noqa: BLE001 - the flow decides what an error means
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        flow.close()


def _perform(effect: Effect[Any], http: httpx2.Client | None, stop: Stop, shielded: bool) -> Any:
    match effect:
        case Send() if http is not None:
            return send(effect, http, stop, uncut=shielded)
        case Sleep(seconds=seconds):
            return stop.sleep(seconds)
        case Wait(future=future):
            return stop.wait_for(future)
        case WaitAtMost(future=future, seconds=seconds):
            return stop.wait_at_most(future, seconds)
        case Blocking(function=function):
            return function()
        case Shielded(flow=flow):
            with shielding.under_way(http):
                return drive(flow, http, stop, shielded=True)  # a thread is not cancelled
        case _:
            raise TypeError(f"no driver for {effect!r}")


async def _perform_async(
    effect: Effect[Any], http: httpx2.AsyncClient | None, stop: Stop, shielded: bool
) -> Any:
    match effect:
        case Send() if http is not None:
            return await send_async(effect, http, stop, uncut=shielded)
        case Sleep(seconds=seconds):
            return await stop.sleep_async(seconds)
        case Wait(future=future):
            return await stop.wait_for_async(future)
        case WaitAtMost(future=future, seconds=seconds):
            return await stop.wait_at_most_async(future, seconds)
        case Blocking(function=function):
            return await asyncio.to_thread(function)
        case Shielded(flow=flow):
            task = asyncio.ensure_future(drive_async(flow, http, stop, shielded=True))
            shielding.hold(task, http)
            task.add_done_callback(lambda _: flow.close())  # a task that never began has not closed it
            return await asyncio.shield(task)
        case _:
            raise TypeError(f"no driver for {effect!r}")
