"""Which workflows there are: built-in ones, those of installed packages, and those of the user's project."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tidegate.app.workflow import WorkflowApp
from tidegate.contracts.view import View
from tidegate.engine.tasks import Task
from tidegate.engine.workflows import Workflow, did_you_mean
from tidegate.utils.errors import SettingsError, UsageError
from tidegate.utils.project import Project

_GROUP = "tidegate.workflows"


def workflows(project: Project) -> Mapping[str, Callable[[], Workflow]]:
    """Loaders by name; nothing is imported before a loader is called. The project's own come first."""
    found = {entry.name: _loader(entry.name, entry.value) for entry in entry_points(group=_GROUP)}
    for reference in project.workflows:
        found[_short_name(reference)] = _loader(reference, reference, project.root)
    return dict(sorted(found.items()))


def own_workflows(project: Project) -> list[str]:
    """Names of the project's own, in its order."""
    return [_short_name(reference) for reference in project.workflows]


def find_workflow(project: Project, name: str) -> Workflow:
    """The named workflow. Raises `UsageError` with the nearest name."""
    known = workflows(project)
    if name not in known:
        raise UsageError(
            f"there is no workflow {name!r}{did_you_mean(name, known)}",
            hint=f"Known here: {', '.join(known) or 'none'}. `tidegate list` shows them with their tasks.",
        )
    return known[name]()


def find_task(project: Project, name: str) -> tuple[Workflow, str]:
    """`workflow.task`, or a view of it, to both. Raises `UsageError` for another form or unknown names."""
    workflow_name, dot, task = name.partition(".")
    if not dot or not task:
        raise UsageError(f"{name!r} names no task", hint="Write WORKFLOW.TASK, for example brevo.events.")
    workflow = find_workflow(project, workflow_name)
    if workflow.view(task) is None:
        workflow.task(task)
    return workflow, task


@dataclass(frozen=True)
class Found:
    """What a name stands for: tasks with their tables, and views. `named_views` were named themselves, or
    with the whole workflow; `views` also has those that are over one of the tables.
    """

    workflow: str
    tasks: tuple[Task[Any, Any, Any], ...]
    named_views: tuple[View, ...]
    views: tuple[View, ...]


def find_tables(project: Project, name: str) -> Found:
    """What `workflow.task` or `workflow.view` names, or all of `workflow`. Raises `UsageError` for unknown
    names.
    """
    workflow_name, dot, task = name.partition(".")
    workflow = find_workflow(project, workflow_name)
    if not dot:
        return Found(workflow.name, tuple(workflow.tasks), workflow.views, workflow.views)
    if (view := workflow.view(task)) is not None:
        return Found(workflow.name, (), (view,), (view,))
    found = workflow.task(task)
    over = tuple(view for view in workflow.views if found.into in view.over)
    return Found(workflow.name, (found,), (), over)


def _short_name(reference: str) -> str:
    """`workflows.acme.main:app` is called acme."""
    parts = [part for part in reference.partition(":")[0].split(".") if part != "main"]
    return parts[-1] if parts else reference


def _loader(name: str, reference: str, root: Path | None = None) -> Callable[[], Workflow]:
    def load() -> Workflow:
        module, _, attribute = reference.partition(":")
        if root is not None and str(root) not in sys.path:
            sys.path.insert(0, str(root))
        try:
            app = getattr(import_module(module), attribute or "app")
        except Exception as error:
            raise SettingsError(
                f"workflow {name}: {reference} cannot be loaded: {type(error).__name__}: {error}",
                hint="--debug shows where it fails.",
            ) from error
        if not isinstance(app, WorkflowApp):
            raise SettingsError(
                f"workflow {name}: {reference} is not what tidegate.workflow(...) gives",
                hint="Name the app in [tool.tidegate] workflows as 'package.module:app'.",
            )
        return app.workflow

    return load
