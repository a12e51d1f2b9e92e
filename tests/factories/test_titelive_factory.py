"""The factory assembles: one quota, credentials where they belong, and the list of EANs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import SecretStr

from tests.titelive_bench import PASSWORD
from tidegate.connectors.titelive.config import TiteliveSettings
from tidegate.destinations.exceptions import DestinationError
from tidegate.factories.titelive import TiteliveFactory
from tidegate.factories.titelive_eans import listed
from tidegate.http_tools.clients import AsyncHttpClient
from tidegate.http_tools.rate_limiters import BurstRecoveryLimiter
from tidegate.utils.errors import SettingsError, TidegateError

A, B = "9782370730541", "4006381333931"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("USER", "PASSWORD", "BASE_URL", "LOGIN_URL", "EANS", "QUOTA"):
        monkeypatch.delenv(f"TITELIVE_{name}", raising=False)
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(**given: Any) -> TiteliveSettings:
    return TiteliveSettings(_env_file=None, user="me", password=SecretStr(PASSWORD), **given)


def test_the_vendors_addresses_are_the_defaults() -> None:
    made = TiteliveFactory.create_connector(settings())
    assert str(made.client.base_url) == "https://catsearch.epagine.fr/v1"
    assert repr(made.client.policy.auth) == "TiteliveAuthManager('https://login.epagine.fr:443')"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITELIVE_USER", "me")
    monkeypatch.setenv("TITELIVE_PASSWORD", PASSWORD)
    monkeypatch.setenv("TITELIVE_BASE_URL", "http://127.0.0.1:8000/v1")
    made = TiteliveFactory.create_connector()
    assert str(made.client.base_url) == "http://127.0.0.1:8000/v1"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(SettingsError, match="TITELIVE_USER is not set; TITELIVE_PASSWORD is not set"):
        TiteliveFactory.create_connector()


def test_a_login_goes_over_https_only() -> None:
    with pytest.raises(TidegateError, match=r"TITELIVE_LOGIN_URL.*https only"):
        TiteliveFactory.create_connector(settings(login_url="http://login.example.com/v1"))


def test_ninety_percent_of_the_quota_are_used() -> None:
    limiter = TiteliveFactory.create_connector(settings()).client.policy.limiter
    assert isinstance(limiter, BurstRecoveryLimiter)
    assert next(n for n in range(100) if limiter.try_acquire() > 0) == 63


def test_nothing_prints_the_password() -> None:
    made = TiteliveFactory.create_connector(settings())
    shown = [repr(made.client), repr(made.client.policy), repr(made.get_products([A])), repr(settings())]
    assert not any(PASSWORD in text for text in shown)


def test_the_async_client_serves_as_well() -> None:
    made = TiteliveFactory.create_connector(settings(), client=AsyncHttpClient)
    assert isinstance(made.client, AsyncHttpClient)


def test_a_look_needs_no_login() -> None:
    assert TiteliveFactory.blueprint().client.policy.auth is None


def test_the_list_is_read_when_it_is_asked_for(project: Path) -> None:
    made = TiteliveFactory.create_connector(settings(eans="books.txt"))
    (project / "books.txt").write_text(f"{A}\n{B}\n")
    assert made.ean_batches() == [f"{A}|{B}"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("books.txt", f"{A}\n\n# of our shelf\n 400-6381-333931 \n"),
        ("books.txt", f"ean\r\n{A}\r\n{B}"),
        ("books.txt", f'\ufeff"{A}"\n"{B}"\n'),
        ("books.csv#gtin", f'title,gtin\n"a, b",{A}\nc,{B}\n'),
        ("books.csv#gtin", f"gtin;title\n{A};x\n{B};y\n"),
        ("books.tsv#gtin", f"gtin\ttitle\n{A}\tx\n{B}\ty\n"),
    ],
)
def test_a_list_may_stand_in_a_file(project: Path, name: str, text: str) -> None:
    (project / name.partition("#")[0]).write_text(text, encoding="utf-8", newline="")
    assert listed(name, project) == [A, B]


def test_a_list_may_stand_in_a_table(project: Path) -> None:
    with duckdb.connect(str(project / "shop.duckdb")) as db:
        db.execute(f"CREATE TABLE books AS SELECT * FROM (VALUES ('{A}'), ('{B}'), (NULL), ('{A}')) t(ean)")
        db.execute("CREATE VIEW shelf AS SELECT CAST(ean AS BIGINT) AS gtin FROM books")
    assert listed("shop.duckdb#books.ean", project) == [B, A]
    assert listed("shop.duckdb#shelf.gtin", project) == [B, A]


def test_numbers_get_back_the_zeros_in_front(project: Path) -> None:
    with duckdb.connect(str(project / "shop.duckdb")) as db:
        db.execute("CREATE TABLE books AS SELECT 12345678905 AS ean")
    assert listed("shop.duckdb#books.ean", project) == ["0012345678905"]


@pytest.mark.parametrize(
    ("source", "error", "told"),
    [
        ("gone.txt", SettingsError, "cannot be read: No such file"),
        ("empty.txt", SettingsError, "holds no EANs"),
        ("wrong.txt", SettingsError, "wrong.txt line 2: '123' is not 13 digits"),
        ("books.csv#isbn", SettingsError, r"no column 'isbn' \(gtin, title\)"),
        ("twice.csv#ean", SettingsError, r"2 columns 'ean' \(ean, ean\)"),
        ("long.csv#ean", SettingsError, r"long.csv line 2 cannot be read: field larger"),
        ("latin.txt", SettingsError, "no text in UTF-8"),
        ("shop.duckdb", SettingsError, "names no list"),
        ("shop.duckdb#books", SettingsError, "names no list"),
        ("shop.duckdb#books.isbn", DestinationError, "no column isbn in table books"),
        ("shop.duckdb#papers.ean", DestinationError, "no table papers"),
        ("gone.duckdb#books.ean", DestinationError, "no table books"),
        ("nothing#books.ean", TidegateError, "names no destination"),
    ],
)
def test_what_is_no_list_is_told(project: Path, source: str, error: type[Exception], told: str) -> None:
    (project / "empty.txt").write_text("\n# none yet\n")
    (project / "wrong.txt").write_text(f"{A}\n123\n")
    (project / "books.csv").write_text("gtin,title\n")
    (project / "twice.csv").write_text(f"ean,ean\n{A},{B}\n")
    (project / "long.csv").write_text(f"ean,title\n{A},{'x' * 200_000}\n")
    (project / "latin.txt").write_bytes(b"\xe9\n")
    with duckdb.connect(str(project / "shop.duckdb")) as db:
        db.execute("CREATE TABLE books (ean VARCHAR)")
    with pytest.raises(error, match=told):
        listed(source, project)


def test_of_a_sheet_without_a_column_the_hint_says_to_name_one(project: Path) -> None:
    (project / "books.csv").write_text(f"gtin;title\n{A};T\n")
    with pytest.raises(SettingsError) as caught:
        listed("books.csv", project)
    assert "books.csv#gtin" in str(caught.value.hint)


def test_an_empty_password_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITELIVE_USER", "me")
    monkeypatch.setenv("TITELIVE_PASSWORD", "")
    with pytest.raises(SettingsError, match="TITELIVE_PASSWORD"):
        TiteliveSettings.read()


def test_an_account_is_its_user_whatever_the_password() -> None:
    def account(user: str, password: str) -> str:
        made = TiteliveSettings(_env_file=None, user=user, password=SecretStr(password))
        return str(TiteliveFactory.create_connector(made).get_products([A]).describe()["account"])

    assert account("me", "old") == account("me", "new")
    assert account("me", "old") != account("you", "old")
