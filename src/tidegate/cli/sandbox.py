"""The command `sandbox`: a stand-in API in the foreground."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from tidegate.app.failures import exits
from tidegate.utils.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from tidegate.sandbox.asgi import ASGIApp


@dataclass(frozen=True)
class Wishes:
    """What the command was asked for."""

    rows: int
    seed: int
    quota: float
    faults: float
    churn: float
    drift: Sequence[str]

    def without(self, *names: str) -> None:
        """Raise `UsageError` for an option that this stand-in does not have."""
        for name in names:
            if getattr(self, name):
                raise UsageError(f"this sandbox has no --{name}", hint="The sandbox of brevo has it.")


@dataclass(frozen=True)
class StandIn:
    """One that can be served. `base_path` goes behind its origin; `credentials` are settings of the
    connector that let it in; `truth` is a table that it tells the truth of. `elsewhere` is what it answers
    on a port of its own, and `placed` hears of that origin. `description` is the path of its OpenAPI file.
    """

    app: ASGIApp
    truth: str
    base_path: str = ""
    credentials: Mapping[str, str] = field(default_factory=lambda: {"API_KEY": "anything"})
    tasks: str = ""  # those that can be run with these settings alone; all, unless said
    elsewhere: ASGIApp | None = None
    placed: Callable[[str], Mapping[str, str]] = lambda _: {}
    description: str | None = None


def _acme(wishes: Wishes) -> StandIn:
    from tidegate.sandbox.acme import AcmeSandbox

    wishes.without("faults", "churn", "drift")
    app = AcmeSandbox(seed=wishes.seed, rows=wishes.rows, quota=wishes.quota)
    return StandIn(app, "orders", "/v1", description="/openapi.json")


def _brevo(wishes: Wishes) -> StandIn:
    from tidegate.sandbox.brevo import BrevoSandbox

    try:
        app = BrevoSandbox(**vars(wishes))
    except ValueError as error:
        raise UsageError(str(error), hint="docs/contracts/drift.md shows what --drift takes.") from error
    return StandIn(app, "events", "/v3")


def _sendgrid(wishes: Wishes) -> StandIn:
    from tidegate.sandbox.sendgrid import SendGridSandbox

    wishes.without("churn", "drift")
    app = SendGridSandbox(seed=wishes.seed, rows=wishes.rows, quota=wishes.quota, faults=wishes.faults)

    def placed(origin: str) -> Mapping[str, str]:
        app.exports.origin = origin
        return {"EXPORT_ORIGINS": origin}

    return StandIn(app, "messages", elsewhere=app.files, placed=placed)


def _titelive(wishes: Wishes) -> StandIn:
    from tidegate.sandbox.titelive import TiteliveSandbox

    wishes.without("churn", "drift")
    app = TiteliveSandbox(seed=wishes.seed, rows=wishes.rows, quota=wishes.quota, faults=wishes.faults)
    return StandIn(
        app.search,
        "products",
        "/v1",
        {"USER": "anyone", "PASSWORD": "anything"},
        " changes",  # the other one needs a list of EANs
        elsewhere=app.login,
        placed=lambda origin: {"LOGIN_URL": f"{origin}/v1"},
    )


# Every stand-in there is, by the name of its workflow. Each is imported when it is asked for.
STAND_INS: Mapping[str, Callable[[Wishes], StandIn]] = MappingProxyType(
    {"acme": _acme, "brevo": _brevo, "sendgrid": _sendgrid, "titelive": _titelive}
)


def sandbox_command(api: str, wishes: Wishes, *, port: int, debug: bool) -> None:
    from tidegate.sandbox.server import running, serve

    with exits(debug=debug), ExitStack() as stack:
        if api not in STAND_INS:
            raise UsageError(f"there is no sandbox for {api!r}", hint=f"Known: {', '.join(STAND_INS)}.")
        made = STAND_INS[api](wishes)
        more: Mapping[str, str] = {}
        if made.elsewhere is not None:
            more = made.placed(stack.enter_context(running(made.elsewhere)))

        def announce(origin: str) -> None:
            address = f"{origin}{made.base_path}"
            settings = {**made.credentials, "QUOTA": f"{wishes.quota:g}", "BASE_URL": address, **more}
            told = " ".join(f"{api.upper()}_{name}={value}" for name, value in settings.items())
            sys.stdout.write(
                f"{address}\n{told} tidegate run {api}{made.tasks}\n"
                f"counters: {origin}/_sandbox/counters   truth: {origin}/_sandbox/truth/{made.truth}\n"
            )
            if made.description:
                sys.stdout.write(f"tidegate new {api} --openapi {origin}{made.description}\n")
            sys.stdout.flush()

        try:
            serve(made.app, port=port, on_start=announce)
        except OSError as error:
            raise SettingsError(
                f"port {port} cannot be used: {error.strerror}", hint="Choose another with --port (0: any)."
            ) from error
