"""Which build a task has, and why: chosen as soon as it is known what it reads, by what can be proven."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.engine.build import Build, InstancesBuild
from tidegate.engine.columnar.build import ColumnarBuild, Proven
from tidegate.engine.columnar.fields import UnprovenError
from tidegate.engine.tasks import Task
from tidegate.utils.project import Build as Wanted


def build_for(task: Task[Any, Any, Any], reads: type[BaseModel], wanted: Wanted = "auto") -> Build:
    """The build of a task whose calls read `reads`. Needs the key of hashed columns, where there are any."""
    proven, _ = chosen(task, reads, wanted)
    instances = InstancesBuild(task, reads)
    return instances if proven is None else ColumnarBuild(proven, instances)


def chosen(
    task: Task[Any, Any, Any], reads: type[BaseModel], wanted: Wanted = "auto"
) -> tuple[Proven | None, str]:
    """What is proven for columns, None where the task is built by instances; and the reason in words.

    `wanted` is the setting: "instances" takes these whatever is proven, "columnar" is "auto": nothing is
    built by columns that is not proven.
    """
    if wanted == "instances":
        return None, "instances, as the settings ask for"
    try:
        return Proven(task, reads), "columnar: a Map between contracts that are checked field by field"
    except UnprovenError as why:
        return None, f"instances: {why}"
