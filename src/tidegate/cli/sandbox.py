"""The command `sandbox`: a stand-in API in the foreground."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tidegate.app.failures import exits
from tidegate.utils.errors import SettingsError, UsageError


def sandbox_command(
    api: str,
    *,
    port: int,
    rows: int,
    seed: int,
    quota: float,
    faults: float,
    churn: float,
    drift: Sequence[str],
    debug: bool,
) -> None:
    from tidegate.sandbox.brevo import BrevoSandbox
    from tidegate.sandbox.server import serve

    def announce(origin: str) -> None:
        sys.stdout.write(f"{origin}/v3\n")
        sys.stdout.write(
            f"BREVO_API_KEY=anything BREVO_QUOTA={quota:g} BREVO_BASE_URL={origin}/v3 tidegate run brevo\n"
            f"counters: {origin}/_sandbox/counters   truth: {origin}/_sandbox/truth/events\n"
        )
        sys.stdout.flush()

    with exits(debug=debug):
        if api != "brevo":
            raise UsageError(f"there is no sandbox for {api!r}", hint="Known: brevo.")
        try:
            app = BrevoSandbox(seed=seed, rows=rows, quota=quota, faults=faults, churn=churn, drift=drift)
        except ValueError as error:
            raise UsageError(str(error), hint="docs/contracts/drift.md shows what --drift takes.") from error
        try:
            serve(app, port=port, on_start=announce)
        except OSError as error:
            raise SettingsError(
                f"port {port} cannot be used: {error.strerror}", hint="Choose another with --port (0: any)."
            ) from error
