"""What Titelive's two tables ask for, and how their rows are made."""

from __future__ import annotations

from datetime import timedelta

from tidegate.connectors.titelive.client import BASES, TiteliveConnector
from tidegate.connectors.titelive.eans import SEPARATOR
from tidegate.connectors.titelive.schemas import ApiProduct
from tidegate.contracts.windows import Window, Windows
from tidegate.engine.over import Each
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call
from tidegate.workflows.titelive.config import CHANGES, PRODUCTS
from tidegate.workflows.titelive.transform import to_clean_change, to_clean_product


def batches(titelive: TiteliveConnector) -> list[str]:
    return titelive.ean_batches()


# The list is read when the run is planned and stands in its plan: a run that is resumed asks for the same.
@task(transform=to_clean_product, into=PRODUCTS, over=Each("eans", batches))
def products(titelive: TiteliveConnector, eans: str) -> Call[ApiProduct]:
    """The articles of a list of EANs (TITELIVE_EANS), 250 at once; what was deleted is a row that says so."""
    return titelive.get_products(eans.split(SEPARATOR))


# The search may lag behind, and an article that is modified again leaves the day it was found under.
@task(
    transform=to_clean_change,
    into=CHANGES,
    windows=Windows(days=1, refetch=3, start=timedelta(days=30), zone="Europe/Paris"),
    over=Each("base", BASES),
)
def changes(titelive: TiteliveConnector, window: Window, base: str) -> Call[ApiProduct]:
    """The articles that were modified on each day, as they were when it was last asked for."""
    return titelive.get_changes(base, window.first_day)
