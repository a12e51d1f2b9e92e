"""The factory assembles: quotas by endpoint, kept over processes; credentials where they belong."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from tidegate.connectors.sendgrid.client import SendGridConnector
from tidegate.connectors.sendgrid.config import SendGridSettings
from tidegate.connectors.sendgrid.limiter import ENDPOINTS, Quota, SendGridRateLimiter
from tidegate.contracts.windows import Windows
from tidegate.factories.sendgrid import SendGridFactory
from tidegate.http_tools.rate_limiters import BaseRateLimiter
from tidegate.utils.errors import SettingsError
from tidegate.workflows.sendgrid.main import app

KEY = "SG.0123456789abcdef"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in SendGridSettings.model_fields:
        monkeypatch.delenv(f"SENDGRID_{name.upper()}", raising=False)
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def connector(**settings: Any) -> SendGridConnector:
    return SendGridFactory.create_connector(
        SendGridSettings(_env_file=None, **{"api_key": SecretStr(KEY), **settings})
    )


def limiter(made: SendGridConnector, path: str) -> BaseRateLimiter:
    whole = made.client.policy.limiter
    assert whole is not None
    return whole.for_request(made.client.build_request("GET", path))


def granted(made: SendGridConnector, path: str, at_most: int = 20) -> int:
    """How many requests are granted at once."""
    one = limiter(made, path)
    return next((n for n in range(at_most) if one.try_acquire() > 0), at_most)


def test_messages_have_a_quota_that_the_next_process_counts() -> None:
    assert granted(connector(), "/v3/messages", 3) == 3
    assert granted(connector(), "/v3/messages") == 2


def test_another_subuser_has_a_quota_of_its_own() -> None:
    assert granted(connector(), "/v3/messages") == 5
    assert granted(connector(on_behalf_of="shop"), "/v3/messages") == 5


def test_what_one_endpoint_tells_does_not_bind_another() -> None:
    made = connector()
    told = {
        "X-RateLimit-Limit": "600",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(time.time()) + 40),
    }
    limiter(made, "/v3/templates").observe(httpx2.Response(200, headers=told))
    assert 30 < limiter(made, "/v3/templates").try_acquire() <= 41
    for path in ENDPOINTS:
        if path != "/v3/templates":
            assert limiter(made, path.replace("**", "x")).try_acquire() == 0


def test_every_endpoint_that_a_task_asks_has_a_quota_of_its_own() -> None:
    made, day = connector(), date(2026, 1, 1)
    window = Windows().window(day)
    paths = {
        task.fetch(made, *[window] * (task.windows is not None or task.cursor is not None)).url
        for task in app.workflow.tasks
    }
    assert len(paths) == len(app.workflow.tasks)
    assert len({id(limiter(made, path)) for path in (*paths, "/v3/categories", "/v3/else")}) == len(paths) + 2


def test_a_faster_account_waits_less() -> None:
    assert Quota(6, 60.0).scaled(60.0) == Quota(6, 1.0)
    assert Quota(6, 60.0).scaled(600.0) == Quota(60, 1.0)


def test_the_base_path_of_a_proxy_is_no_part_of_a_route() -> None:
    made = SendGridRateLimiter("/proxy")
    one, other = (
        made.for_request(httpx2.Request("GET", f"https://p.example/proxy/v3/{name}"))
        for name in ("stats", "templates")
    )
    assert one is not other


def test_a_subuser_is_named_to_the_api_and_to_nobody_else() -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json=[])

    made = connector(on_behalf_of="shop", export_origins="https://files.example, https://more.example")
    client = type(made.client)(
        "https://api.sendgrid.com",
        headers={"on-behalf-of": "shop"},
        auth_manager=made.client.policy.auth,
        allowed_origins=["https://files.example"],
        transport=httpx2.MockTransport(answer),
    )
    client.drive(client.flow("GET", "/v3/stats"))
    client.drive(client.flow("GET", "https://files.example/1", bare=True))
    assert [each.headers.get("on-behalf-of") for each in asked] == ["shop", None]
    assert made.client.build_request("GET", "/v3/stats").headers["on-behalf-of"] == "shop"
    assert len(made.client.policy.allowed_origins) == 2


def test_a_missing_key_is_told_with_where_to_get_one() -> None:
    with pytest.raises(SettingsError, match="SENDGRID_API_KEY") as caught:
        SendGridFactory.create_connector()
    assert "Settings, API Keys" in str(caught.value.hint)


def test_a_blueprint_needs_no_key() -> None:
    assert SendGridFactory.blueprint().client.policy.auth is None


@pytest.mark.parametrize("origins", ["bucket.example", "https://a.example, ftp://b.example"])
def test_an_origin_that_is_none_is_told_by_its_setting(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "a-key-of-the-tests")
    monkeypatch.setenv("SENDGRID_EXPORT_ORIGINS", origins)
    with pytest.raises(SettingsError, match="SENDGRID_EXPORT_ORIGINS"):
        SendGridSettings.read()
