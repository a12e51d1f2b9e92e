"""A server that nobody here wrote: Prism on the vendor's own description, which also checks what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.prism import prism
from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.connectors.brevo.schemas import ApiCampaign, ApiContact, ApiEvent, ApiTemplate
from tidegate.factories.brevo import BrevoFactory
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import AuthenticationError, ClientError

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def origin(specs: Path) -> Iterator[str]:
    with prism(specs / "brevo" / "brevo-2026-02.json") as url:
        yield url


@pytest.fixture
def brevo(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrevoConnector]:
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path))
    settings = BrevoSettings(_env_file=None, api_key=SecretStr("any-key-will-do"), base_url=origin)
    connector = BrevoFactory.create_connector(settings)
    with connector.client:
        yield connector


def test_campaigns_are_read(brevo: BrevoConnector) -> None:
    rows = [row for page in brevo.get_email_campaigns() for row in page.parse()]
    assert [type(row) for row in rows] == [ApiCampaign] * 2


def test_templates_are_read(brevo: BrevoConnector) -> None:
    rows = [row for page in brevo.get_smtp_templates() for row in page.parse()]
    assert [type(row) for row in rows] == [ApiTemplate] * 2


def test_events_are_read(brevo: BrevoConnector) -> None:
    call = brevo.get_email_event_report(date(2026, 1, 1), date(2026, 1, 31))
    rows = [row for page in call for row in page.parse()]
    assert [type(row) for row in rows] == [ApiEvent] * 2


def test_contacts_are_read(brevo: BrevoConnector) -> None:
    call = brevo.get_contacts(modified_since=datetime(2026, 1, 1, tzinfo=UTC))
    rows = [row for page in call for row in page.parse()]
    assert [type(row) for row in rows] == [ApiContact] * 2


def test_a_request_without_a_key_is_refused(origin: str) -> None:
    with SyncHttpClient(origin) as client, pytest.raises(AuthenticationError):
        client.request("GET", "/contacts")


def test_a_limit_over_the_maximum_is_refused(brevo: BrevoConnector) -> None:
    client = brevo.client
    with pytest.raises(ClientError):
        client.drive(client.flow("GET", "/contacts", params={"limit": 1001}))
