"""A SendGrid connector whose requests go to a function."""

from __future__ import annotations

from collections.abc import Callable

import httpx2

from tidegate.connectors.sendgrid.auth import SendGridAuthManager
from tidegate.connectors.sendgrid.client import SendGridConnector
from tidegate.http_tools.clients import SyncHttpClient

KEY = "SG.secret-of-the-tests"
FILES = "https://files.example.net"
Answer = Callable[[httpx2.Request], httpx2.Response]


def connector(answer: Answer | None = None, origins: tuple[str, ...] = (FILES,)) -> SendGridConnector:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError(f"{request.url} was asked for")

    client = SyncHttpClient(
        "https://api.sendgrid.com",
        auth_manager=SendGridAuthManager(KEY),
        transport=httpx2.MockTransport(answer or refuse),
        allowed_origins=origins,
    )
    return SendGridConnector(client, export_origins=origins, export_look_s=0.001)
