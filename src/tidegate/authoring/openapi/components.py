"""Which schemas refer to which: those that a schema needs come before it, those in a circle together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator


def groups(starts: Iterable[str], needs: Callable[[str], list[str]], done: set[str]) -> Iterator[list[str]]:
    """The strongly connected groups that `starts` lead to, each after all those that it needs (Tarjan).

    Names in `done` are left out, and what was handed out is added to it. Of any depth: no recursion.
    """
    walk = _Walk(needs, done)
    for start in starts:
        if start not in done and start not in walk.low:
            yield from walk.over(start)


class _Walk:
    def __init__(self, needs: Callable[[str], list[str]], done: set[str]) -> None:
        self._needs, self._done = needs, done
        self.low: dict[str, int] = {}
        self._number: dict[str, int] = {}
        self._pending: list[str] = []
        self._on: set[str] = set()

    def over(self, start: str) -> Iterator[list[str]]:
        path = [(start, self._enter(start))]
        while path:
            name, rest = path[-1]
            child = next(rest, None)
            if child is None:
                path.pop()
                if path:
                    self.low[path[-1][0]] = min(self.low[path[-1][0]], self.low[name])
                if self.low[name] == self._number[name]:
                    yield self._group(name)
            elif child not in self._number and child not in self._done:
                path.append((child, self._enter(child)))
            elif child in self._on:
                self.low[name] = min(self.low[name], self._number[child])

    def _enter(self, name: str) -> Iterator[str]:
        self._number[name] = self.low[name] = len(self._number)
        self._pending.append(name)
        self._on.add(name)
        return iter(self._needs(name))

    def _group(self, name: str) -> list[str]:
        cut = self._pending.index(name)
        group, self._pending[cut:] = self._pending[cut:], []
        self._on.difference_update(group)
        self._done.update(group)
        return group
