"""The command `demo`: the main job on this machine alone, against the stand-in Brevo."""

from __future__ import annotations

import secrets
import sys

from tidegate.app.arguments import RunArguments
from tidegate.app.failures import exits
from tidegate.app.run_command import run_and_show
from tidegate.app.tables import print_table

_TO = "demo.duckdb"
_SHOWN = {
    "brevo_campaigns": ("campaign_id", "name", "status", "sent_at"),
    "brevo_templates": ("template_id", "name", "modified_at"),
    "brevo_events": ("occurred_at", "event_type", "email", "message_id"),
    "brevo_contacts": ("contact_id", "email", "modified_at"),
    "brevo_events_daily": ("day", "tag", "email", "delivered", "unique_opens", "clicks"),
}
# Those of its tasks that fill what is shown: enough to see, and quick.
_TASKS = ["campaigns", "templates", "events", "contacts"]
_NEXT = (
    ("tidegate status --to {to}", "how fresh each table is"),
    ("tidegate runs", "what ran in this folder, and how it ended"),
    ("tidegate show brevo.events", "one task: contracts, windows, quotas"),
    ("tidegate sandbox brevo", "the stand-in in a terminal of its own; it prints how to run against it"),
    ("BREVO_API_KEY=... tidegate run brevo", "the real API, into warehouse.duckdb"),
)


def demo_command(*, rows: int, faults: float, quota: float, to: str | None, debug: bool) -> None:
    """Start the stand-in, run the workflow against it, show what came, say what to try next."""
    from pydantic import SecretStr

    from tidegate.connectors.brevo.config import BrevoSettings
    from tidegate.factories.brevo import BrevoFactory
    from tidegate.sandbox.brevo import BrevoSandbox
    from tidegate.sandbox.server import running
    from tidegate.workflows.brevo.main import app as brevo

    out = sys.stdout
    destination = _TO if to is None else to
    with exits(debug=debug):
        sandbox = BrevoSandbox(rows=rows, faults=faults, quota=quota, slow_s=0.5)
        with running(sandbox) as origin:
            out.write(f"A stand-in Brevo at {origin}/v3: {rows:,} events, {faults:.0%} of answers fail.\n\n")
            out.flush()
            # a key of its own: the quota of a real one is never spent here
            settings = BrevoSettings(
                api_key=SecretStr(secrets.token_hex(16)), base_url=f"{origin}/v3", quota=quota, _env_file=None
            )
            connector = BrevoFactory.create_connector(settings)
            # every demo has an account of its own: the cursors of the last one mean nothing to it
            arguments = RunArguments(tasks=_TASKS, to=destination, new=True, full_refresh=True, debug=debug)
            report = run_and_show(brevo.workflow, arguments, connector=connector)
            counters = sandbox.counters()
        if not report.exit_code:
            out.write(
                f"\nThe stand-in counted {counters['requests']:,} requests;"
                f" {counters['faults']:,} failed on purpose, {counters['refused']:,} were over quota.\n\n"
            )
            _show_rows(destination)
            _show_next(destination)
    if report.exit_code:
        raise SystemExit(int(report.exit_code))


def _show_rows(to: str) -> None:
    from tidegate.destinations.registry import open_destination
    from tidegate.destinations.views import HoldsViews
    from tidegate.workflows.brevo.views import EVENTS_DAILY

    destination = open_destination(to)
    for table, wanted in _SHOWN.items():
        if table == EVENTS_DAILY.name and not isinstance(destination, HoldsViews):
            continue
        columns, rows = destination.sample(table, 3)
        picked = [columns.index(name) for name in wanted if name in columns]
        sys.stdout.write(f"{table}\n")
        print_table([columns[at] for at in picked], [[row[at] for at in picked] for row in rows], sys.stdout)
        sys.stdout.write("\n")


def _show_next(to: str) -> None:
    commands = [(command.format(to=to), what) for command, what in _NEXT]
    width = max(len(command) for command, _ in commands)
    sys.stdout.write("Try next:\n")
    sys.stdout.writelines(f"  {command:{width}}  {what}\n" for command, what in commands)
    sys.stdout.flush()
