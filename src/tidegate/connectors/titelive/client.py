"""Titelive's routes. There is no official description: `README.md` beside this file says what is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial

from tidegate.connectors.titelive.eans import MOST_EANS, SEPARATOR, fault_of, in_batches
from tidegate.connectors.titelive.routes import by_day, by_ean
from tidegate.connectors.titelive.schemas import ApiProduct
from tidegate.http_tools.clients import Call, HttpClient
from tidegate.utils.errors import SettingsError

BASES = ("paper", "music")


def no_list() -> list[str]:
    raise SettingsError(
        "titelive: TITELIVE_EANS is not set, so there are no EANs to ask for",
        hint="Set it to a file or a table's column (books.txt, warehouse.duckdb#shop_books.ean), or name the"
        " other task: tidegate run titelive changes.",
    )


class TiteliveConnector:
    """Each method returns a `Call` that sends nothing yet; what cannot be asked raises `ValueError` at once.

    `eans` gives the list of the task `products` when a run is planned.
    """

    def __init__(self, client: HttpClient, eans: Callable[[], list[str]] = no_list) -> None:
        self.client = client
        self._eans = eans

    def get_products(self, eans: Sequence[str]) -> Call[ApiProduct]:
        """The articles with these EANs, at most 250, in this order; one that was deleted is a row, too.

        One request, and one for each EAN where the API does not know them all.
        """
        _check_eans(eans)
        return self.client.pages(
            "GET",
            "/ean",
            reads=ApiProduct,
            route=partial(by_ean, SEPARATOR.join(eans)),
            accept={404},
        )

    def get_changes(self, base: str, day: date) -> Call[ApiProduct]:
        """The articles of all works of a base (paper or music) of which one was modified on `day`, those that
        were modified on other days included.
        """
        if base not in BASES:
            raise ValueError(f"changes: there is no base {base!r} ({', '.join(BASES)})")
        if isinstance(day, datetime):
            raise TypeError(f"changes: a whole day is asked for, give a date and not {day}")
        return self.client.pages(
            "GET", "/search", reads=ApiProduct, route=partial(by_day, base, f"{day:%d/%m/%Y}")
        )

    def ean_batches(self) -> list[str]:
        """The list of EANs, in batches for `get_products`, each joined by `|`. Raises `SettingsError`."""
        return in_batches(self._eans())


def _check_eans(eans: Sequence[str]) -> None:
    if not 1 <= len(eans) <= MOST_EANS:
        raise ValueError(f"products: from 1 to {MOST_EANS} EANs at once, not {len(eans)}")
    for ean in eans:
        if (fault := fault_of(ean)) is not None:
            raise ValueError(f"products: {ean!r} {fault}")
