"""A workflow: the tasks of one API, views over their tables, and the factory that makes its connector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from tidegate.contracts.table import Table
from tidegate.contracts.view import View
from tidegate.engine.tasks import Task
from tidegate.http_tools.clients import HttpClient, SyncHttpClient
from tidegate.utils.errors import UsageError


class Connector(Protocol):
    """One API's routes, over a client."""

    @property
    def client(self) -> HttpClient: ...


class Factory(Protocol):
    """Assembles a connector; without settings it reads them from the environment and `.env`.

    A class with a static method is one, and so is an object.
    """

    def create_connector(
        self, settings: Any = None, *, client: type[HttpClient] = SyncHttpClient
    ) -> Connector: ...


@dataclass(frozen=True)
class Workflow:
    name: str
    factory: Factory
    tasks: tuple[Task[Any, Any, Any], ...]
    views: tuple[View, ...] = ()

    def __post_init__(self) -> None:
        for kind, names in (
            ("tasks", [task.name for task in self.tasks]),
            ("tables", [task.into.name for task in self.tasks]),
            ("tables or views", [each.lower() for each in (*self._tables, *(v.name for v in self.views))]),
        ):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"workflow {self.name} has two {kind} named {', '.join(sorted(twice))}")
        for view in self.views:
            for table in view.over:
                if self._tables.get(table.name) != table:
                    raise ValueError(
                        f"workflow {self.name}: view {view.name} is over {table.name}, no table of its tasks"
                    )
        for task, parent in _missing_parents(self.tasks):
            raise ValueError(
                f"workflow {self.name}: task {task.name} is split over the rows of {parent.name},"
                " which is not among its tasks"
            )

    @property
    def _tables(self) -> dict[str, Table[Any]]:
        return {task.into.name: task.into for task in self.tasks}

    def view(self, name: str) -> View | None:
        return next((view for view in self.views if view.name == name), None)

    def task(self, name: str) -> Task[Any, Any, Any]:
        return self.select([name])[0]

    def select(self, names: Sequence[str]) -> tuple[Task[Any, Any, Any], ...]:
        """The named tasks in the workflow's order, or all of them. Raises `UsageError` for an unknown one."""
        known = [task.name for task in self.tasks]
        for name in names:
            if name not in known:
                raise UsageError(
                    f"workflow {self.name} has no task {name!r}{did_you_mean(name, known)}",
                    hint=f"Its tasks: {', '.join(known)}.",
                )
        return tuple(task for task in self.tasks if not names or task.name in names)

    def runnable(self, names: Sequence[str]) -> tuple[Task[Any, Any, Any], ...]:
        """As `select`; `UsageError` too where a task is split over the rows of one that is not named."""
        tasks = self.select(names)
        for task, parent in _missing_parents(tasks):
            raise UsageError(
                f"{self.name}.{task.name} is split over the rows that {parent.name} has in the same run",
                hint=f"Run both: tidegate run {self.name} {parent.name} {' '.join(names)}",
            )
        return tasks


def did_you_mean(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _missing_parents(
    tasks: Sequence[Task[Any, Any, Any]],
) -> Iterator[tuple[Task[Any, Any, Any], Task[Any, Any, Any]]]:
    """Each task that is split over the rows of one that is not among `tasks`, with that one."""
    for task in tasks:
        for parent in task.parents:
            if not any(parent is each for each in tasks):
                yield task, parent
