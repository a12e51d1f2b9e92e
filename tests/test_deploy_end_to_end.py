"""Brevo of the sandbox into BigQuery by the command line, with state in Cloud Storage: both stand-ins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brevo_bench import CORE
from tests.brevo_truth import comparable, counted, held, truth
from tests.cli.command_line import KEY, QUOTA, Ended, Shell
from tests.standins import Google
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running
from tidegate.utils.gcp_clients import bigquery_client

pytestmark = [pytest.mark.extended, pytest.mark.timeout(600)]


@pytest.fixture
def sandbox() -> BrevoSandbox:
    return BrevoSandbox(rows=300, quota=QUOTA)


@pytest.fixture
def shell(sandbox: BrevoSandbox, google: Google, tmp_path: Path) -> Iterator[Shell]:
    """A project with an empty disk, whose state is in the bucket."""
    with running(sandbox) as origin:
        settings = {"BREVO_API_KEY": KEY, "BREVO_BASE_URL": f"{origin}/v3", "BREVO_QUOTA": f"{QUOTA:g}"}
        yield Shell(
            tmp_path, {**settings, "TIDEGATE_HOME": google.home, "TIDEGATE_SCRATCH": str(tmp_path / "a")}
        )


def rows(google: Google, table: str, *columns: str) -> list[dict[str, Any]]:
    with bigquery_client(google.project) as client:
        found = client.query_and_wait(f"SELECT {', '.join(columns)} FROM `{google.dataset}.brevo_{table}`")
        return [comparable(dict(row)) for row in found]


def canonical(found: list[dict[str, Any]]) -> str:
    """One hash of all rows, whatever their order."""
    lines = sorted(counted(found).elements())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def run(shell: Shell, to: str, *tasks: str, **env: str) -> None:
    """As a job does it; the stand-in takes its time, with many tests at once a minute."""
    process = shell.start(
        "run", "brevo", *tasks, "--to", to, "--quarantine-exit", "0", "--summary", "-", **env
    )
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert Ended(0, out, err).summary["status"] == "loaded"


# Windows, a table that is replaced whole, a cursor inside of attributes, records with decimals.
OTHERS = ("reports", "blocked_contacts", "companies", "orders")


@pytest.mark.parametrize("tasks", [CORE, OTHERS], ids=["core", "others"])
def test_bigquery_holds_what_duckdb_holds(
    shell: Shell, sandbox: BrevoSandbox, google: Google, tasks: tuple[str, ...]
) -> None:
    run(shell, f"{google.to}&staging=gs://{google.bucket}/staging", *tasks)
    run(shell, "x.duckdb", *tasks, TIDEGATE_HOME=str(shell.folder / "home"))
    for table in tasks:
        in_duckdb = held(shell.warehouse, table)
        in_bigquery = rows(google, table, *in_duckdb[0])
        assert len(in_bigquery) == len(in_duckdb)
        assert canonical(in_bigquery) == canonical(in_duckdb) == canonical(truth(sandbox, table)), table


def test_the_next_night_on_another_machine_doubles_nothing(
    shell: Shell, sandbox: BrevoSandbox, google: Google
) -> None:
    elsewhere = str(shell.folder / "b")
    run(shell, google.to, *CORE, CLOUD_RUN_EXECUTION="brevo-night-1")
    asked = sandbox.counters()["requests"]
    run(shell, google.to, *CORE, CLOUD_RUN_EXECUTION="brevo-night-1", TIDEGATE_SCRATCH=elsewhere)
    assert sandbox.counters()["requests"] == asked, "an execution that is done asks for no page again"
    run(shell, google.to, *CORE, CLOUD_RUN_EXECUTION="brevo-night-2", TIDEGATE_SCRATCH=elsewhere)
    for table in CORE:
        wanted = truth(sandbox, table)
        assert canonical(rows(google, table, *wanted[0])) == canonical(wanted), table
