"""A server that nobody here wrote: Prism on the vendor's own description, which also checks what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.prism import prism
from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.connectors.brevo.schemas import (
    ApiBlockedContact,
    ApiCampaign,
    ApiContact,
    ApiEmailReport,
    ApiEvent,
    ApiFolder,
    ApiList,
    ApiSegment,
    ApiSenderIdentity,
    ApiTemplate,
)
from tidegate.connectors.brevo.schemas_shop import ApiCategory, ApiOrder, ApiProduct
from tidegate.connectors.brevo.schemas_sms import ApiSmsCampaign, ApiSmsEvent
from tidegate.factories.brevo import BrevoFactory
from tidegate.http_tools.clients import Call, SyncHttpClient
from tidegate.http_tools.exceptions import AuthenticationError, ClientError

pytestmark = pytest.mark.extended

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = date(2026, 1, 1), date(2026, 1, 28)


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


@pytest.mark.parametrize(
    ("ask", "reads", "rows"),
    [
        (lambda brevo: brevo.get_senders(), ApiSenderIdentity, 3),
        (lambda brevo: brevo.get_smtp_report(*MONTH), ApiEmailReport, 2),
        (lambda brevo: brevo.get_transac_blocked_contacts(*MONTH), ApiBlockedContact, 1),
        (lambda brevo: brevo.get_lists(), ApiList, 2),
        (lambda brevo: brevo.get_folders(), ApiFolder, 2),
        (lambda brevo: brevo.get_segments(), ApiSegment, 2),
        (lambda brevo: brevo.get_sms_campaigns(), ApiSmsCampaign, 2),
        (lambda brevo: brevo.get_sms_events(*MONTH), ApiSmsEvent, 2),
        (lambda brevo: brevo.get_orders(SINCE), ApiOrder, 1),
        (lambda brevo: brevo.get_products(SINCE), ApiProduct, 2),
        (lambda brevo: brevo.get_categories(SINCE), ApiCategory, 2),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_all_else_that_has_an_example_is_read(
    brevo: BrevoConnector, ask: Callable[[BrevoConnector], Call[Any]], reads: type[Any], rows: int
) -> None:
    found = [row for page in ask(brevo) for row in page.parse()]
    assert [type(row) for row in found] == [reads] * rows


@pytest.mark.parametrize("name", ["companies", "deals"])
def test_companies_and_deals_are_asked_as_described(brevo: BrevoConnector, name: str) -> None:
    """Prism makes their rows up, so that only the request is checked."""
    call: Call[Any] = getattr(brevo, f"get_{name}")(SINCE)
    assert call.send().status_code == 200


def test_a_request_without_a_key_is_refused(origin: str) -> None:
    with SyncHttpClient(origin) as client, pytest.raises(AuthenticationError):
        client.request("GET", "/contacts")


def test_a_limit_over_the_maximum_is_refused(brevo: BrevoConnector) -> None:
    client = brevo.client
    with pytest.raises(ClientError):
        client.drive(client.flow("GET", "/contacts", params={"limit": 1001}))
