"""A workflow whose workers end as the environment says; its tasks and factory are found by their names."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import httpx2

from tests.engine.shop import ORDERS, AcmeConnector, ApiOrder, CleanOrder, to_clean
from tidegate.contracts.table import Table
from tidegate.engine.over import Each
from tidegate.engine.tasks import task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call, HttpClient, SyncHttpClient

LEFT = "DYING_LEFT"  # a file with how many workers are still to be killed
BROKEN = "DYING_BROKEN"  # whether the row of shop 2 breaks its contract
STUCK = "DYING_STUCK"  # a file that a worker makes before it hangs for two minutes


class DyingConnector(AcmeConnector):
    def of_shop(self, shop: int) -> Call[ApiOrder]:
        return self.client.call("GET", f"/shops/{shop}/orders", reads=self.reads, items="orders")


class DyingFactory:
    @staticmethod
    def create_connector(
        settings: Any = None,  # noqa: ARG004 - the protocol's
        *,
        client: type[HttpClient] = SyncHttpClient,
    ) -> DyingConnector:
        made = client("https://api.acme.example/v1", transport=httpx2.MockTransport(_serve))
        return DyingConnector(made, {})


def _serve(request: httpx2.Request) -> httpx2.Response:
    shop = int(request.url.path.split("/")[-2])
    if parent_process() is not None and shop == 4:
        _die_if_told()
    if parent_process() is not None and STUCK in os.environ:
        Path(os.environ[STUCK]).touch()
        time.sleep(120)
    total = "much" if shop == 2 and os.environ.get(BROKEN) else shop * 10
    row = {"id": shop, "total": total, "updatedAt": "2026-01-01T00:00:00Z"}
    return httpx2.Response(200, json={"orders": [row]})


def _die_if_told() -> None:
    file = Path(os.environ[LEFT])
    left = int(file.read_text())
    if left:
        file.write_text(str(left - 1))
        os.kill(os.getpid(), signal.SIGKILL)


@task(transform=to_clean, into=ORDERS, over=Each("shop", range(1, 7)))
def orders(acme: DyingConnector, shop: int) -> Call[ApiOrder]:
    """Orders of each shop."""
    return acme.of_shop(shop)


@task(
    transform=to_clean,
    into=Table("apart", CleanOrder, key=("order_id",), write="merge", commit="slice"),
    over=Each("shop", range(1, 7)),
)
def apart(acme: DyingConnector, shop: int) -> Call[ApiOrder]:
    """Orders of each shop, which land shop by shop."""
    return acme.of_shop(shop)


DYING = Workflow("dying", DyingFactory, (orders,))
APART = Workflow("apart", DyingFactory, (apart,))
