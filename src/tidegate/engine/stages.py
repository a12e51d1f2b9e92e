"""Stages: the slices of a task that is split over another one's rows, frozen once these are built."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tidegate.engine.exceptions import ParentFailedError
from tidegate.engine.over import From
from tidegate.engine.plan import TaskPlan, stage_file
from tidegate.engine.tasks import Task
from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import TidegateError


class Stages:
    """Of one run, whose folder is `run`: tasks tell what they have `built` or that they `failed`."""

    def __init__(self, run: Path, tasks: Sequence[str]) -> None:
        self._run = run
        self._built: dict[str, Future[list[Path]]] = {task: Future() for task in tasks}

    def built(self, task: str, parts: list[Path]) -> None:
        """The parts of a task whose slices are done, in the plan's order."""
        if not self._built[task].done():
            self._built[task].set_result(parts)

    def failed(self, task: str, error: TidegateError) -> None:
        """It will have no parts; where it has, they stand."""
        if not self._built[task].done():
            self._built[task].set_exception(error)

    def frozen(self, task: Task[Any, Any, Any], plan: TaskPlan, stop: Stop) -> TaskPlan:
        """The task's plan with its slices: as it was frozen, or frozen now, when its parents are done.

        Blocks until then. Raises `ParentFailedError` where one has failed.
        """
        if not plan.waits:
            return plan
        path = stage_file(self._run, task.name)
        before = TaskPlan.load(path)
        if before is not None:
            return before
        lists = list(plan.lists)
        for number, axis in enumerate(task.over):
            if isinstance(axis, From):
                lists[number] = axis.read(self._parts(axis.parent.name, stop))
        made = plan.over(task, tuple(lists))
        made.save(path)
        return made

    def _parts(self, parent: str, stop: Stop) -> list[Path]:
        try:
            return stop.wait_for(self._built[parent])
        except TidegateError as error:
            if stop.is_set():
                raise
            raise ParentFailedError(
                f"not begun: its slices come from the rows of {parent}, which failed",
                code=error.exit_code,
                hint=f"Mend what is told of {parent}, then run the same command again.",
            ) from error


def in_stages(tasks: Sequence[Task[Any, Any, Any]]) -> list[Task[Any, Any, Any]]:
    """Those that wait for others behind all that these wait for."""
    return sorted(tasks, key=_depth)


def _depth(task: Task[Any, Any, Any]) -> int:
    return 1 + max(map(_depth, task.parents), default=0)
