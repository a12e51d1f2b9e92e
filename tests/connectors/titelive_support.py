"""Works of Titelive's, and a connector whose requests go to a function."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2

from tidegate.connectors.titelive.client import TiteliveConnector
from tidegate.http_tools.clients import SyncHttpClient

A, B, C = "9782000000044", "9782000000082", "9782000000129"
DAY = date(2026, 4, 15)


def article(ean: str, **changes: Any) -> dict[str, Any]:
    made = {"gencod": ean, "editeur": "E", "prix": 9.9, "taux_tva": "5.50", "dateparution": "01/02/2020"}
    return {**made, "datemodification": "15/04/2026", "dispo": 1, "image": "1", **changes}


def work(*eans: str, number: int = 7) -> dict[str, Any]:
    articles = {str(at): article(ean) for at, ean in enumerate(eans, start=1)}
    return {"id": number, "titre": "T", "auteurs": "A", "article": articles}


def connector(api: Callable[[httpx2.Request], httpx2.Response]) -> TiteliveConnector:
    return TiteliveConnector(SyncHttpClient("https://api.test/v1", transport=httpx2.MockTransport(api)))
