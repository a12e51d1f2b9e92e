"""Stages: the slices of a task that is split over another one's rows, frozen once these are built."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tidegate.engine.exceptions import MissingSlicesError, ParentFailedError
from tidegate.engine.over import From
from tidegate.engine.parts import Manifest, Part
from tidegate.engine.plan import Slice, TaskPlan, load_plan, stage_file
from tidegate.engine.tasks import Task
from tidegate.http_tools.drivers import Stop
from tidegate.utils.errors import TidegateError


class Stages:
    """Of one run, whose folder is `run`. `tasks` are those that this process works, which tell what they have
    `built` or that they `failed`; what others have built is in the folder.
    """

    def __init__(self, run: Path, tasks: Sequence[str]) -> None:
        self._run = run
        self._built: dict[str, Future[list[Part]]] = {task: Future() for task in tasks}

    def built(self, task: str, parts: list[Part]) -> None:
        """The parts of a task whose slices are done, in the plan's order."""
        if not self._built[task].done():
            self._built[task].set_result(parts)

    def failed(self, task: str, error: TidegateError) -> None:
        """It will have no parts; where it has, they stand."""
        if not self._built[task].done():
            self._built[task].set_exception(error)

    def frozen(self, task: Task[Any, Any, Any], plan: TaskPlan, stop: Stop) -> TaskPlan:
        """The task's plan with its slices: as it was frozen, or frozen now, when its parents are done.

        Blocks until then. Raises `ParentFailedError` where one has failed, `MissingSlicesError` where slices
        of one are missing that nobody works here. Of processes that freeze it at once, one does.
        """
        if not plan.waits:
            return plan
        lists = list(plan.lists)
        for number, axis in enumerate(task.over):
            if isinstance(axis, From):
                lists[number] = axis.read(self._parts(axis.parent.name, stop))
        return plan.over(task, tuple(lists)).freeze(stage_file(self._run, task.name))

    def _parts(self, parent: str, stop: Stop) -> list[Part]:
        if parent not in self._built:
            return self._left_parts(parent)
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

    def _left_parts(self, parent: str) -> list[Part]:
        """What other processes have built."""
        plan = load_plan(self._run)
        (planned,) = (each for each in plan.tasks if each.task == parent)
        folder = self._run / parent
        done = left_manifests(folder, planned.slices)
        if len(done) < len(planned.slices):  # one that waits itself has a slice that nothing has done
            raise MissingSlicesError(
                f"not begun: its slices come from the rows of {parent}, of which {missing(planned, done)}",
                hint=f"Extract the stage before first: tidegate extract --run-id {plan.run_id} --stage N",
            )
        return parts_of(folder, list(done.values()))


def left_manifests(folder: Path, slices: Sequence[Slice]) -> dict[str, Manifest]:
    """Of the slices that are done, in their order, by slice."""
    found = ((each.id, Manifest.load(folder / f"{each.id}.json")) for each in slices)
    return {name: manifest for name, manifest in found if manifest is not None}


def parts_of(folder: Path, manifests: Sequence[Manifest]) -> list[Part]:
    return [each.part(folder) for each in manifests if each.rows]


def missing(plan: TaskPlan, done: dict[str, Manifest]) -> str:
    """In words."""
    if plan.waits:
        return "no slice is planned yet"
    left = [each.id for each in plan.slices if each.id not in done]
    shown = ", ".join(left[:5]) + (", ..." if len(left) > 5 else "")
    are = "is" if len(left) == 1 else "are"
    return f"{len(left):,} of {len(plan.slices):,} slices {are} missing ({shown})"


def in_stages(tasks: Sequence[Task[Any, Any, Any]]) -> list[Task[Any, Any, Any]]:
    """Those that wait for others behind all that these wait for."""
    return sorted(tasks, key=stage_of)


def stage_of(task: Task[Any, Any, Any]) -> int:
    """From 1, the stage of tasks that wait for none."""
    return 1 + max(map(stage_of, task.parents), default=0)
