"""The command `replay`: an earlier run again from its page log."""

from __future__ import annotations

import os
from pathlib import Path

from tidegate.app import parse
from tidegate.app.arguments import ReplayArguments
from tidegate.app.failures import exits
from tidegate.app.places import destination_of
from tidegate.app.progress import progress_bars
from tidegate.app.registry import find_workflow
from tidegate.app.run_command import show_report
from tidegate.app.stopping import stopped_by_signals
from tidegate.engine.ledger import Ledger
from tidegate.engine.replay import Replay, known_run
from tidegate.http_tools.drivers import Stop
from tidegate.utils.project import Project


def replay_command(run_id: str, arguments: ReplayArguments) -> None:
    """Replay, show, and exit with the code of a run."""
    with exits(debug=arguments.debug):
        project, stop = Project.find(Path.cwd()), Stop()
        home = project.home(os.environ)
        with Ledger(home) as ledger:
            row = known_run(ledger, run_id)
        with stopped_by_signals(stop), progress_bars(arguments.progress) as bars:
            report = Replay(
                workflow=find_workflow(project, row.workflow),
                destination=destination_of(project, arguments.to or row.destination, sleep=stop.sleep),
                home=home,
                run_id=run_id,
                invalid=parse.invalid(arguments.on_invalid, arguments.max_invalid),
                listener=bars,
                stop=stop,
            ).run()
        show_report(report, arguments.summary)
    if code := arguments.exit_code(report.exit_code):
        raise SystemExit(code)
