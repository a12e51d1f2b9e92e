"""The command `init`: a project of one's own in a folder."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from tidegate.app.failures import exits
from tidegate.app.text import printable
from tidegate.authoring.project.files import SETTINGS, project_files
from tidegate.authoring.project.making import Plan, make, planned
from tidegate.authoring.project.naming import project_name
from tidegate.destinations.registry import open_destination
from tidegate.utils.secrets import SCHEME

_DEFAULT_TO = "warehouse.duckdb"


def init_command(folder: Path, *, name: str | None, to: str | None, dry_run: bool, debug: bool) -> None:
    """Say what is made and what is left as it is; write nothing with `dry_run`."""
    with exits(debug=debug):
        to = to or _DEFAULT_TO
        if not to.startswith(SCHEME):
            open_destination(to, folder=folder)  # opens nothing: it says whether there is such a place
        files = project_files(project_name(name, folder.resolve().name), to)
        plan = planned(folder, files, to)
        if not dry_run:
            make(plan)
        sys.stdout.writelines(f"{printable(line)}\n" for line in _told(plan, dry_run=dry_run))
        sys.stdout.flush()


def _told(plan: Plan, *, dry_run: bool) -> Iterable[str]:
    if plan.made:
        yield f"{'Would make' if dry_run else 'Made'} in {plan.folder}:"
        yield from (f"  {path}" for path in plan.made)
    if plan.settings is not None:
        yield f"{'Would add' if dry_run else 'Added'} to {SETTINGS}: the table [tool.tidegate]"
    if plan.kept:
        yield "There already, and left as it is:"
        yield from (f"  {path}" for path in plan.kept)
    for what, text in plan.by_hand.items():
        yield f"Add to {SETTINGS} by hand, {what}:"
        yield from (f"  {line}" for line in text.splitlines())
    if not dry_run:
        yield from _next(plan.folder)


def _next(folder: Path) -> Iterable[str]:
    yield "Next (README.md has more):"
    if folder.resolve() != Path.cwd():
        yield f"  cd {shlex.quote(str(folder))}"
    yield "  tidegate list"
    yield "  tidegate new acme --openapi acme.json"
