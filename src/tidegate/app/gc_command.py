"""The command `gc`: what the state folder holds by run, what of it goes, and why the rest stays."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from tidegate.app import parse
from tidegate.app.failures import exits
from tidegate.app.tables import print_table
from tidegate.destinations.base import Destination
from tidegate.destinations.registry import open_destination
from tidegate.engine.housekeeping import Housekeeping, Keeping, Swept
from tidegate.utils.amounts import shown_size
from tidegate.utils.project import Project

# A warehouse that somebody has open is not waited for: its runs are kept, and said so.
_PATIENCE_S = 2.0


def gc_command(*, dry_run: bool, unfinished: str | None, as_json: bool, debug: bool) -> None:
    with exits(debug=debug):
        project = Project.find(Path.cwd())
        keeping = Keeping(
            project.keep_pages_s, project.max_state_bytes, parse.seconds("--unfinished", unfinished)
        )

        def opened(name: str) -> Destination:
            return open_destination(name, folder=project.root, patience_s=_PATIENCE_S)

        swept = Housekeeping(project.home(os.environ), keeping, opened, dry_run=dry_run).sweep()
        if as_json:
            told = asdict(swept) | {"dry_run": dry_run, "files": [str(each) for each in swept.files]}
            sys.stdout.write(json.dumps(told) + "\n")
        else:
            _show(swept, keeping, dry_run=dry_run)


def _show(swept: Swept, keeping: Keeping, *, dry_run: bool) -> None:
    goes = "would go" if dry_run else "removed"
    rows = [
        (each.run, shown_size(each.bytes), goes if each.removed else "kept", each.why) for each in swept.runs
    ]
    if rows:
        print_table(("run", "size", "", "why"), rows, sys.stdout, right=(1,))
    if swept.files:
        sys.stdout.write(f"abandoned temporary files: {len(swept.files):,} {goes}\n")
    left, cap = swept.bytes_left, keeping.max_bytes
    over = f", more than max_state = {shown_size(cap)}" if left > cap else ""
    stays = "would stay" if dry_run else "stay"
    sys.stdout.write(f"{shown_size(swept.bytes_removed)} {goes}, {shown_size(left)} {stays}{over}\n")
