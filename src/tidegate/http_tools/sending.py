"""One exchange over the wire, blocking or awaited: sent, and its body read, until it ends or is cut."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing, suppress

import httpx2

from tidegate.http_tools import wire
from tidegate.http_tools.bodies import Body
from tidegate.http_tools.effects import TOTAL_TIMEOUT, Send, Sink
from tidegate.http_tools.stopping import Stop

SIZE = "tidegate.size"  # of a body that a sink took: the answer itself has none
_TOO_LONG = "the whole answer took too long"


def send(effect: Send, http: httpx2.Client, stop: Stop, *, uncut: bool = False) -> httpx2.Response:
    """Send and read. Raises `ClientClosedError` once `stop` is set, whatever is being waited for; with
    `uncut` only before anything is sent. Connecting alone (and a proxy, see `wire.py`) is not cut.
    """
    stop.check()
    stop = Stop() if uncut else stop
    total = effect.request.extensions.get(TOTAL_TIMEOUT)
    cut = wire.Cut(None if total is None else time.monotonic() + total)
    before = wire.put(cut)
    stop.hang(cut.now)
    try:
        with closing(http.send(effect.request, stream=True)) as response:
            sink, body = _receiver(effect, response, cut.deadline)
            raw = sink is not None and not response.is_stream_consumed  # a mock's may be
            for chunk in response.iter_raw() if raw else response.iter_bytes():
                stop.check()
                sink.write(chunk) if sink else body.add(chunk)
            return _answer(body, response)
    except httpx2.RequestError as error:
        stop.check()
        if isinstance(error, httpx2.TimeoutException) and cut.is_over():
            raise httpx2.ReadTimeout(_TOO_LONG, request=effect.request) from error
        raise
    finally:
        stop.unhang(cut.now)
        wire.put(before)


async def send_async(
    effect: Send, http: httpx2.AsyncClient, stop: Stop, *, uncut: bool = False
) -> httpx2.Response:
    """As `send`, on the running loop; connecting is cut, too."""
    stop.check()
    stop = Stop() if uncut else stop
    total = effect.request.extensions.get(TOTAL_TIMEOUT)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(total) as limit:

            def end() -> None:
                with suppress(RuntimeError):  # it has ended already
                    limit.reschedule(loop.time())

            def ring() -> None:
                with suppress(RuntimeError):  # the loop is closed: nothing is under way there any more
                    loop.call_soon_threadsafe(end)

            stop.hang(ring)
            try:
                return await _exchange(effect, http)
            finally:
                stop.unhang(ring)
    except TimeoutError as error:
        stop.check()
        raise httpx2.ReadTimeout(_TOO_LONG, request=effect.request) from error
    except httpx2.RequestError:
        stop.check()
        raise


async def _exchange(effect: Send, http: httpx2.AsyncClient) -> httpx2.Response:
    response = await http.send(effect.request, stream=True)
    try:
        sink, body = _receiver(effect, response, None)
        raw = sink is not None and not response.is_stream_consumed  # a mock's may be
        async for chunk in response.aiter_raw() if raw else response.aiter_bytes():
            sink.write(chunk) if sink else body.add(chunk)
        return _answer(body, response)
    finally:
        await response.aclose()


def _receiver(effect: Send, response: httpx2.Response, deadline: float | None) -> tuple[Sink | None, Body]:
    taken = effect.sink is not None and effect.sink.takes(response)
    body = Body(
        effect.request,
        response,
        max_bytes=effect.max_bytes,
        max_ratio=effect.max_ratio,
        deadline=deadline,
        decoded=not taken,
    )
    return (effect.sink if taken else None), body


def _answer(body: Body, response: httpx2.Response) -> httpx2.Response:
    answer = body.whole()
    answer.extensions[SIZE] = len(answer.content) or response.num_bytes_downloaded
    return answer
