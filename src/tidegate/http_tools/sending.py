"""One exchange over the wire, blocking or awaited: sent, and its body read, until it ends or is cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import closing, suppress

import httpx2

from tidegate.http_tools import wire
from tidegate.http_tools.bodies import Body, answer_of
from tidegate.http_tools.effects import TOTAL_TIMEOUT, Send
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
            receiver = _Receiver(effect, response, cut.deadline)
            for piece in response.iter_bytes() if receiver.is_decoded else response.iter_raw():
                stop.check()
                receiver.take(piece)
            return receiver.answer()
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
        receiver = _Receiver(effect, response, None)
        async for piece in response.aiter_bytes() if receiver.is_decoded else response.aiter_raw():
            receiver.take(piece)
        return receiver.answer()
    finally:
        await response.aclose()


class _Receiver:
    """Where the body of one answer goes: to the sink, as it came, or into the answer, decoded."""

    def __init__(self, effect: Send, response: httpx2.Response, deadline: float | None) -> None:
        self._request, self._response = effect.request, response
        self.is_decoded = response.is_stream_consumed  # as a mock's may be, whatever its headers say
        if self.is_decoded and response.headers.pop("content-encoding", None) is not None:
            response.headers.pop("content-length", None)
        self.take: Callable[[bytes], None]
        self._body: Body | None = None
        if effect.sink is not None and effect.sink.takes(response):
            self.take = effect.sink.write
            return
        self._body = Body(
            effect.request,
            response,
            max_bytes=effect.max_bytes,
            max_ratio=effect.max_ratio,
            deadline=deadline,
        )
        self.take = self._body.keep if self.is_decoded else self._body.add

    def answer(self) -> httpx2.Response:
        if self._body is not None:
            return self._body.whole()
        answer = answer_of(self._request, self._response, b"")
        answer.extensions[SIZE] = self._response.num_bytes_downloaded
        return answer
