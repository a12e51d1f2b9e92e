"""Servers that nobody here wrote: Prism on the vendor's own files, which also checks what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.prism import prism
from tidegate.connectors.sendgrid.client import SendGridConnector
from tidegate.connectors.sendgrid.config import SendGridSettings
from tidegate.connectors.sendgrid.schemas import (
    ApiBounce,
    ApiCampaign,
    ApiInvalidEmail,
    ApiList,
    ApiMessage,
    ApiSingleSend,
    ApiSpamReport,
    ApiTemplate,
    ApiUnsubscribe,
)
from tidegate.connectors.sendgrid.stats import ApiCategoryStat, ApiSingleSendStat, ApiStat
from tidegate.contracts.base import ReadContract
from tidegate.factories.sendgrid import SendGridFactory
from tidegate.http_tools.clients import Call, SyncHttpClient
from tidegate.http_tools.exceptions import AuthenticationError, ClientError

pytestmark = [pytest.mark.extended, pytest.mark.timeout(180)]

Ask = Callable[[SendGridConnector], Call[Any]]
SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
DAYS = (date(2015, 11, 3), date(2015, 11, 30))


@contextmanager
def connected(spec: Path) -> Iterator[SendGridConnector]:
    with prism(spec) as url:
        settings = SendGridSettings(_env_file=None, api_key=SecretStr("SG.any-key-will-do"), base_url=url)
        connector = SendGridFactory.create_connector(settings)
        with connector.client:
            yield connector


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path))


def first_page(call: Call[Any]) -> list[type]:
    """What its rows are; Prism gives the same page for ever."""
    return [type(row) for row in next(iter(call)).parse()]


@pytest.mark.parametrize(
    ("file", "ask", "reads", "rows"),
    [
        ("tsg_lmc_campaigns_v3", lambda it: it.get_campaigns(), ApiCampaign, 2),
        ("tsg_mc_singlesends_v3", lambda it: it.get_single_sends(), ApiSingleSend, 1),
        ("tsg_mc_stats_v3", lambda it: it.get_single_send_stats(), ApiSingleSendStat, 1),
        ("tsg_mc_lists_v3", lambda it: it.get_lists(), ApiList, 1),
        ("tsg_templates_v3", lambda it: it.get_templates(), ApiTemplate, 1),
        ("tsg_email_activity_v3", lambda it: it.get_messages(*SPAN), ApiMessage, 3),
    ],
)
def test_the_vendors_answers_are_read(
    specs: Path, file: str, ask: Ask, reads: type[ReadContract], rows: int
) -> None:
    with connected(specs / "sendgrid" / f"{file}.json") as sendgrid:
        assert first_page(ask(sendgrid)) == [reads] * rows


def test_suppressions_are_read(specs: Path) -> None:
    with connected(specs / "sendgrid" / "tsg_suppressions_v3.json") as sendgrid:
        assert set(first_page(sendgrid.get_bounces(*SPAN))) == {ApiBounce}
        assert set(first_page(sendgrid.get_blocks(*SPAN))) == {ApiBounce}
        assert set(first_page(sendgrid.get_invalid_emails(*SPAN))) == {ApiInvalidEmail}
        assert set(first_page(sendgrid.get_spam_reports(*SPAN))) == {ApiSpamReport}
        assert set(first_page(sendgrid.get_unsubscribes(*SPAN))) == {ApiUnsubscribe}
        client = sendgrid.client
        with pytest.raises(ClientError):
            client.drive(client.flow("GET", "/v3/suppression/bounces", params={"limit": 501}))


def test_statistics_are_read(specs: Path) -> None:
    with connected(specs / "sendgrid" / "tsg_stats_v3.json") as sendgrid:
        rows = [row for page in sendgrid.get_stats(*DAYS) for row in page.parse()]
        assert {type(row) for row in rows} == {ApiStat}
        assert len(rows) >= 3
        # The file declares `categories` one text; its words, and the vendor's examples, repeat the parameter.
        asked = {**sendgrid.get_category_stats(*DAYS).params, "categories": ["docs"]}
        call = sendgrid.client.call("GET", "/v3/categories/stats", reads=ApiCategoryStat, params=asked)
        found = [row for page in call for row in page.parse()]
        assert {type(row) for row in found} == {ApiCategoryStat}
        assert [total.name for row in found for total in row.stats][:2] == ["docs", "mattscategory"]


def test_an_export_is_begun_and_looked_at(specs: Path) -> None:
    with connected(specs / "sendgrid" / "tsg_mc_contacts_v3.json") as sendgrid:
        begun = sendgrid.get_contacts(list_ids=["5d2e0d22-1d0c-4cb0-8a5b-d0d3a0a2b9f1"]).send()
        assert (begun.status_code, "id" in begun.json()) == (202, True)
        looked = sendgrid.client.request("GET", "/v3/marketing/contacts/exports/any")  # type: ignore[attr-defined]
        assert looked.json()["status"] in {"pending", "ready", "failure"}


def test_a_request_without_a_key_is_refused(specs: Path) -> None:
    with (
        prism(specs / "sendgrid" / "tsg_mc_lists_v3.json") as url,
        SyncHttpClient(url) as client,
        pytest.raises(AuthenticationError),
    ):
        client.request("GET", "/v3/marketing/lists")
