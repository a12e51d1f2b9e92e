"""Who Google's clients act as and whom they ask: the real clients, against servers on loopback."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.utils.errors import ExitCode, SettingsError
from tidegate.utils.gcp_clients import bigquery_client, credentials, secret_manager_client, storage_client
from tidegate.utils.gcp_errors import GoogleCredentialsError, GooglePermissionError, translated
from tidegate.utils.gcp_settings import BIGQUERY_EMULATOR, STORAGE_EMULATOR, GoogleSettings
from tidegate.utils.project import Project

ONCE: Any = None  # how Google's client says "no retry"; its hints do not know
ROBOT = "robot@acme.iam.gserviceaccount.com"
LOADER = "loader@acme.iam.gserviceaccount.com"


@pytest.fixture
def server() -> Iterator[Loopback]:
    loopback = Loopback()
    yield loopback
    loopback.close()


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any credentials, and not in Google's cloud."""
    for name in (
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        BIGQUERY_EMULATOR,
        STORAGE_EMULATOR,
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@cache
def private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


@pytest.fixture
def key_file(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's application default credentials: a service account whose token endpoint is the server."""
    key = {
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "1",
        "private_key": private_key(),
        "client_email": ROBOT,
        "token_uri": f"{server.url}/token",
    }
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    return path


TABLE = {"tableReference": {"projectId": "acme", "datasetId": "shop", "tableId": "orders"}}


def google(seen: Seen) -> Answer:
    """The token endpoint, the one that impersonates, and BigQuery."""
    if seen.path == "/token":
        return as_json({"access_token": "token-of-robot", "expires_in": 3600, "token_type": "Bearer"})
    if seen.path.endswith(":generateAccessToken"):
        return as_json({"accessToken": "token-of-loader", "expireTime": "2099-01-01T00:00:00Z"})
    return as_json(TABLE)


def ask(settings: GoogleSettings, **options: Any) -> None:
    with translated("the table"), bigquery_client("acme", settings=settings, **options) as client:
        client.get_table("acme.shop.orders", retry=ONCE)


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_an_emulator_is_asked_without_credentials(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    address = scheme + server.url.removeprefix("http://")
    monkeypatch.setenv(BIGQUERY_EMULATOR, address)
    monkeypatch.setenv(STORAGE_EMULATOR, address)
    server.by = google
    bigquery_client("acme").get_table("acme.shop.orders", retry=ONCE)
    storage_client().bucket("lake").exists(retry=None)
    assert [each.path for each in server.seen] == [
        "/bigquery/v2/projects/acme/datasets/shop/tables/orders",
        "/storage/v1/b/lake",
    ]
    assert not any("authorization" in each.headers for each in server.seen)


def test_an_emulator_comes_before_a_private_endpoint(server: Loopback) -> None:
    server.by = google
    emulators = {BIGQUERY_EMULATOR: server.url}
    ask(GoogleSettings(bigquery_endpoint="https://nowhere.invalid", emulators=emulators))
    assert len(server.seen) == 1


@pytest.mark.usefixtures("key_file")
def test_a_private_endpoint_is_asked_with_the_default_credentials(server: Loopback) -> None:
    server.by = google
    ask(GoogleSettings(bigquery_endpoint=server.url))
    assert server.seen[0].path == "/token"
    assert server.seen[-1].headers["authorization"] == "Bearer token-of-robot"


@pytest.mark.usefixtures("key_file")
def test_secret_manager_may_be_asked_in_its_region() -> None:
    regional = "https://secretmanager.europe-west1.rep.googleapis.com"
    with secret_manager_client(settings=GoogleSettings(secret_manager_endpoint=regional)) as client:
        assert client.transport.host == "secretmanager.europe-west1.rep.googleapis.com:443"


@pytest.mark.usefixtures("key_file")
def test_clients_of_one_process_share_a_token(server: Loopback) -> None:
    server.by = google
    for _ in range(3):
        ask(GoogleSettings(bigquery_endpoint=server.url))
    assert [each.path for each in server.seen].count("/token") == 1


@pytest.mark.usefixtures("key_file")
def test_another_project_may_be_billed(server: Loopback) -> None:
    server.by = google
    ask(GoogleSettings(bigquery_endpoint=server.url, quota_project="payer"))
    assert server.seen[-1].headers["x-goog-user-project"] == "payer"
    ask(GoogleSettings(bigquery_endpoint=server.url, quota_project="payer"), quota_project="another")
    assert server.seen[-1].headers["x-goog-user-project"] == "another"


@pytest.mark.usefixtures("key_file")
def test_a_service_account_may_be_impersonated_over_others(server: Loopback) -> None:
    server.by = google
    ask(
        GoogleSettings(
            impersonate=f"{ROBOT}, {LOADER}",
            quota_project="payer",
            bigquery_endpoint=server.url,
            iam_credentials_endpoint=server.url,
        )
    )
    (asked,) = (each for each in server.seen if each.path.endswith(":generateAccessToken"))
    assert asked.path == f"/v1/projects/-/serviceAccounts/{LOADER}:generateAccessToken"
    assert asked.headers["authorization"] == "Bearer token-of-robot"
    assert json.loads(asked.body)["delegates"] == [f"projects/-/serviceAccounts/{ROBOT}"]
    assert server.seen[-1].headers["authorization"] == "Bearer token-of-loader"
    assert server.seen[-1].headers["x-goog-user-project"] == "payer"


@pytest.mark.usefixtures("key_file")
def test_who_may_not_impersonate_is_told_the_role(server: Loopback) -> None:
    denied = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."

    def answer(seen: Seen) -> Answer:
        if seen.path == "/token":
            return google(seen)
        return as_json({"error": {"code": 403, "message": denied, "status": "PERMISSION_DENIED"}}, status=403)

    server.by = answer
    settings = GoogleSettings(
        impersonate=LOADER, bigquery_endpoint=server.url, iam_credentials_endpoint=server.url
    )
    with pytest.raises(GooglePermissionError, match="may not act as the service account") as raised:
        ask(settings)
    assert "roles/iam.serviceAccountTokenCreator" in (raised.value.hint or "")


@pytest.mark.usefixtures("key_file")
def test_a_key_that_was_deleted_is_no_longer_good(server: Loopback) -> None:
    refusal = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    server.by = lambda _: as_json(refusal, status=400)
    with pytest.raises(GoogleCredentialsError, match="no longer good") as raised:
        ask(GoogleSettings(bigquery_endpoint=server.url))
    assert raised.value.exit_code is ExitCode.FAILED


@pytest.mark.usefixtures("key_file")
def test_credentials_that_google_does_not_take_are_told_as_such(server: Loopback) -> None:
    refusal = {"error": {"code": 401, "message": "Request had invalid authentication credentials."}}
    server.by = lambda seen: google(seen) if seen.path == "/token" else as_json(refusal, status=401)
    with pytest.raises(GoogleCredentialsError, match=r"credentials were not taken \(401\)"):
        ask(GoogleSettings(bigquery_endpoint=server.url))


@pytest.mark.parametrize(
    "make",
    [lambda: bigquery_client("acme"), storage_client, secret_manager_client],
    ids=["bigquery", "storage", "secrets"],
)
def test_without_credentials_it_is_said_how_to_get_some(make: Callable[[], Any]) -> None:
    with pytest.raises(GoogleCredentialsError, match="no credentials") as raised:
        make()
    assert raised.value.exit_code is ExitCode.FAILED
    assert "gcloud auth application-default login" in (raised.value.hint or "")


def test_a_key_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    with pytest.raises(GoogleCredentialsError, match=r"/nowhere/key\.json"):
        credentials(GoogleSettings())


@pytest.mark.parametrize(
    ("make", "package"),
    [(lambda: bigquery_client("acme"), "bigquery"), (storage_client, "storage")],
    ids=["bigquery", "storage"],
)
def test_without_the_extra_the_install_line_is_given(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any], package: str
) -> None:
    monkeypatch.setitem(sys.modules, f"google.cloud.{package}", None)
    monkeypatch.delattr(f"google.cloud.{package}", raising=False)
    with pytest.raises(SettingsError, match=f"google-cloud-{package} is not installed") as raised:
        make()
    assert raised.value.hint == "pip install 'tidegate[bigquery]'"


# Settings


def read(environ: dict[str, str], **table: Any) -> GoogleSettings:
    return GoogleSettings.read(environ, Project(Path(), {"google": table}))


def test_the_environment_comes_before_the_project() -> None:
    settings = read(
        {"TIDEGATE_GOOGLE_QUOTA_PROJECT": "payer"},
        quota_project="another",
        storage_endpoint="https://storage.me-central2.rep.googleapis.com",
    )
    assert settings.quota_project == "payer"
    assert settings.storage_endpoint == "https://storage.me-central2.rep.googleapis.com"
    assert settings.impersonate is None


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TIDEGATE_GOOGLE_IMPERSONATE": "robot"}, "TIDEGATE_GOOGLE_IMPERSONATE is 'robot'"),
        ({"TIDEGATE_GOOGLE_BIGQUERY_ENDPOINT": "bigquery"}, "BIGQUERY_ENDPOINT is 'bigquery'"),
        (
            {"TIDEGATE_GOOGLE_STORAGE_ENDPOINT": "https://host/path"},
            "STORAGE_ENDPOINT is 'https://host/path'",
        ),
        ({"TIDEGATE_GOOGLE_STORAGE_ENDPOINT": "http://10.0.0.7"}, "STORAGE_ENDPOINT is 'http://10.0.0.7'"),
        ({"TIDEGATE_GOOGLE_STORAGE_ENDPOINT": "http://private.example"}, "is 'http://private.example'"),
        ({"TIDEGATE_GOOGLE_QUOTA_PROJECT": "secret://acme/payer"}, "QUOTA_PROJECT is 'secret://acme/payer'"),
    ],
)
def test_a_setting_that_cannot_be_is_named(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read(environ)


def test_a_setting_that_nobody_knows_is_named_with_those_that_are_known() -> None:
    with pytest.raises(SettingsError, match="unknown settings: quota") as raised:
        read({}, quota="payer")
    assert "quota_project" in (raised.value.hint or "")


def test_the_project_file_holds_a_table_for_google(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tidegate.google]\nquota_project = "payer"\n')
    assert GoogleSettings.current().quota_project == "payer"
    (tmp_path / "pyproject.toml").write_text('[tool.tidegate]\ngoogle = "payer"\n')
    with pytest.raises(SettingsError, match="google is 'payer'"):
        GoogleSettings.current()
