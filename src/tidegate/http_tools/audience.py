"""Who hears events: the log, a client's listeners, and those of clients that share a token or a breaker."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tidegate.http_tools.events import Event, Listener, ignore
from tidegate.http_tools.logs import log_event, logger

_LOCK = threading.Lock()
_COMPLAINED: set[tuple[str, str]] = set()


class Audience:
    """Tells each event to the log and to every listener, whatever one of them does with it."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self.listeners = tuple(listeners)

    def __call__(self, event: Event) -> None:
        log_event(event)
        for listener in self.listeners:
            tell(listener, event)

    def joined_by(self, listener: Listener) -> Audience:
        """The same with one more, who hears first."""
        return self if listener is ignore else Audience((listener, *self.listeners))

    @property
    def wants_all(self) -> bool:
        """Whether events of requests without trouble reach anybody."""
        return bool(self.listeners) or logger.isEnabledFor(logging.DEBUG)


class Source:
    """What clients may share and what has events of its own. Clients are not kept alive by it."""

    _audiences: weakref.WeakSet[Audience] | None = None

    def follow(self, audience: Audience) -> None:
        """Tell `audience`, too, for as long as it lives."""
        with _LOCK:
            self._audiences = weakref.WeakSet((*(self._audiences or ()), audience))

    def leave(self, audience: Audience) -> None:
        """Tell it no more."""
        with _LOCK:
            self._audiences = weakref.WeakSet(each for each in self._audiences or () if each is not audience)

    def tell(self, event: Event) -> None:
        """Tell all that follow. Call it outside of any lock that a listener could want."""
        for audience in tuple(self._audiences or ()):
            audience(event)


class _Bystander(Audience):
    """Hears beside the clients, who log: once is enough."""

    def __call__(self, event: Event) -> None:
        for listener in self.listeners:
            tell(listener, event)


@contextmanager
def overheard(source: object, listener: Listener) -> Iterator[None]:
    """For the block `listener` hears what `source` (a breaker, a manager of tokens) has to tell, whichever
    client's request it is about; of anything else there is nothing to hear.
    """
    if not isinstance(source, Source):
        yield
        return
    bystander = _Bystander([listener])
    source.follow(bystander)
    try:
        yield
    finally:
        source.leave(bystander)


def tell(listener: Listener, event: Event) -> None:
    """Tell one listener; an `Exception` of its is named in the log, once a kind, and goes no further."""
    try:
        listener(event)
    except Exception as error:  # noqa: BLE001 - who listens must not break what is listened to
        name = str(getattr(listener, "__qualname__", type(listener).__qualname__))
        kind = (name, type(error).__name__)
        with _LOCK:
            new = kind not in _COMPLAINED
            _COMPLAINED.add(kind)
        if new:
            # without the error's text, which could hold anything
            logger.warning(
                "the listener %s raised %s; it goes on hearing, and is not named again for that",
                *kind,
                extra={"event": "listener_failed", "listener": name, "failure": kind[1]},
            )
