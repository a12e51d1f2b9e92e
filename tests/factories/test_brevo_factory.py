"""The factory assembles: quotas by bucket, kept over processes; credentials where they belong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from tidegate.connectors.brevo.client import BrevoConnector
from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.connectors.brevo.limiter import DEFAULT_QUOTAS, BrevoRateLimiter, Quota
from tidegate.factories.brevo import BrevoFactory
from tidegate.http_tools.clients import AsyncHttpClient
from tidegate.http_tools.rate_limiters import BaseRateLimiter
from tidegate.utils.errors import SettingsError

KEY = "xkeysib-0123456789abcdef"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("BREVO_API_KEY", "BREVO_BASE_URL", "BREVO_QUOTA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def connector(key: str = KEY, url: str = "https://api.brevo.com/v3", quota: float = 1.0) -> BrevoConnector:
    settings = BrevoSettings(_env_file=None, api_key=SecretStr(key), base_url=url, quota=quota)
    return BrevoFactory.create_connector(settings)


def limiter(made: BrevoConnector, path: str) -> BaseRateLimiter:
    request = made.client.build_request("GET", path)
    whole = made.client.policy.limiter
    assert whole is not None
    return whole.for_request(request)


def granted(made: BrevoConnector, path: str, at_most: int = 400) -> int:
    """How many requests are granted at once."""
    one = limiter(made, path)
    return next((n for n in range(at_most) if one.try_acquire() > 0), at_most)


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/smtp/templates", "smtp"),
        ("/smtp/statistics/events", "smtp"),
        ("/contacts", "contacts"),
        ("/contacts/17/campaignStats", "contacts"),
        ("/contactsExport", "other"),
        ("/emailCampaigns", "other"),
        ("/senders", "other"),
    ],
)
def test_each_path_belongs_to_one_bucket(path: str, bucket: str) -> None:
    made = BrevoRateLimiter()

    def of(path: str) -> BaseRateLimiter:
        return made.for_request(httpx2.Request("GET", f"https://api.brevo.com/v3{path}"))

    assert of(path) is of({"smtp": "/smtp", "contacts": "/contacts", "other": "/account"}[bucket])


def test_ninety_percent_of_each_quota_are_used() -> None:
    made = connector()
    assert granted(made, "/smtp/templates") == 270
    assert granted(made, "/emailCampaigns") == 90
    assert granted(made, "/contacts") == 9


def test_routes_of_a_bucket_share_its_quota() -> None:
    made = connector()
    assert granted(made, "/smtp/templates", 100) == 100
    assert granted(made, "/smtp/statistics/events") == 170


def test_grants_of_long_windows_survive_the_process(home: Path) -> None:
    assert granted(connector(), "/emailCampaigns", 50) == 50
    assert granted(connector(), "/emailCampaigns") == 40
    assert home.joinpath("ledger.db").stat().st_mode & 0o077 == 0


def test_another_credential_has_a_quota_of_its_own() -> None:
    assert granted(connector(), "/emailCampaigns") == 90
    assert granted(connector("another-key-altogether"), "/emailCampaigns") == 90


def test_another_origin_has_a_quota_of_its_own() -> None:
    assert granted(connector(url="http://127.0.0.1:8000/v3"), "/emailCampaigns") == 90
    assert granted(connector(), "/emailCampaigns") == 90


def test_the_key_is_not_written_beside_the_grants(home: Path) -> None:
    granted(connector(), "/emailCampaigns", 3)
    with sqlite3.connect(home / "ledger.db") as db:
        quotas = [name for (name,) in db.execute("SELECT DISTINCT quota FROM grants")]
    db.close()
    assert quotas
    assert not any(KEY in name for name in quotas)


def test_an_account_with_a_higher_rate_gets_it() -> None:
    assert Quota("smtp", 300, 3600.0).scaled(10) == Quota("smtp", 300, 360.0)
    assert Quota("contacts", 10, 1.0).scaled(10) == Quota("contacts", 100, 1.0)


def test_scaling_by_one_changes_nothing() -> None:
    assert [quota.scaled(1.0) for quota in DEFAULT_QUOTAS] == list(DEFAULT_QUOTAS)


def test_the_vendors_own_count_is_obeyed() -> None:
    made = BrevoRateLimiter()
    request = httpx2.Request("GET", "https://api.brevo.com/v3/emailCampaigns")
    one = made.for_request(request)
    assert one.try_acquire() == 0
    told = {"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "1200"}
    one.observe(httpx2.Response(200, headers=told, request=request))
    assert 1190 < one.try_acquire() <= 1200


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREVO_API_KEY", KEY)
    monkeypatch.setenv("BREVO_BASE_URL", "http://127.0.0.1:8000/v3")
    made = BrevoFactory.create_connector()
    assert str(made.client.base_url) == "http://127.0.0.1:8000/v3"


def test_settings_come_from_a_dotenv_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"BREVO_API_KEY={KEY}\n")
    assert BrevoFactory.create_connector().client.policy.auth is not None


def test_a_missing_key_is_named() -> None:
    with pytest.raises(SettingsError, match="BREVO_API_KEY"):
        BrevoFactory.create_connector()


def test_the_async_client_serves_as_well() -> None:
    settings = BrevoSettings(_env_file=None, api_key=SecretStr(KEY))
    made = BrevoFactory.create_connector(settings, client=AsyncHttpClient)
    assert isinstance(made.client, AsyncHttpClient)


def test_nothing_prints_the_key() -> None:
    made = connector()
    shown = [
        repr(made.client),
        repr(made.client.policy),
        repr(made.client.policy.auth),
        repr(made.get_contacts()),
    ]
    assert not any(KEY in text for text in shown)
