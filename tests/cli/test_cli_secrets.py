"""A run whose key is kept by Secret Manager."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.cli.command_line import Shell
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tests.servers.secret_manager import SecretManager

OLD, NEW = "an-old-key-that-nobody-sees", "a-new-key-that-nobody-sees"


@pytest.fixture
def kept(shell: Shell, secret_manager: SecretManager) -> SecretManager:
    secret_manager.put("acme/brevo", OLD)
    shell.env["BREVO_API_KEY"] = "secret://acme/brevo"
    return secret_manager


def holds(folder: Path, secret: str) -> list[str]:
    """The files in which the secret stands."""
    return [
        str(path) for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]


def test_a_run_looks_its_key_up_once_and_leaves_it_nowhere(shell: Shell, kept: SecretManager) -> None:
    ended = shell.run_inside("campaigns", "templates", "--summary", "-")
    assert ended.code == 0
    assert shell.tables()["brevo_campaigns"] > 0
    assert kept.calls == {"AccessSecretVersion": 1}
    assert OLD not in ended.out + ended.err
    assert holds(shell.folder, OLD) == []


def test_a_key_that_is_rotated_under_way_is_replaced(
    scripted: Shell, api: Loopback, kept: SecretManager
) -> None:
    def answer(seen: Seen) -> Answer:
        if seen.headers["api-key"] == OLD:
            kept.put("acme/brevo", NEW)
            return as_json({"code": "unauthorized", "message": "Key not found"}, status=401)
        return as_json({"campaigns": [], "count": 0})

    api.by = answer
    ended = scripted.run_inside("campaigns", "--summary", "-")
    assert ended.code == 0, ended
    assert [each.headers["api-key"] for each in api.seen] == [OLD, NEW]
    assert kept.calls == {"AccessSecretVersion": 2}
    assert holds(scripted.folder, NEW) == []


@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["", "debug"])
def test_a_key_that_may_not_be_read_ends_the_run_before_anything_is_asked(
    scripted: Shell, api: Loopback, kept: SecretManager, debug: tuple[str, ...]
) -> None:
    kept.denied.add("secretmanager.versions.access")
    ended = scripted.run_inside("campaigns", *debug)
    assert ended.code == 30
    for text in (
        "brevo: BREVO_API_KEY: secret://acme/brevo: permission secretmanager.versions.access is missing",
        "Grant roles/secretmanager.secretAccessor",
    ):
        assert text in ended.err
    assert api.seen == []


def test_a_list_of_workflows_asks_for_no_secret(shell: Shell, kept: SecretManager) -> None:
    assert shell.inside("list").code == 0
    assert shell.inside("show", "brevo.campaigns").code == 0
    assert not kept.calls


def test_the_destination_of_a_project_may_be_kept_there(shell: Shell, kept: SecretManager) -> None:
    kept.put("acme/warehouse", "kept.duckdb")
    (shell.folder / "pyproject.toml").write_text('[tool.tidegate]\nto = "secret://acme/warehouse"\n')
    assert shell.inside("run", "brevo", "campaigns").code == 0
    assert (shell.folder / "kept.duckdb").exists()


# A vendor that replaces its refresh token

ROTATING = """
import os

from tidegate import ReadContract, Table, WriteContract, task, workflow
from tidegate.http_tools.auth import OAuth2AuthManager, RefreshToken
from tidegate.http_tools.clients import Call, SyncHttpClient


class ApiOrder(ReadContract):
    id: int


class CleanOrder(WriteContract):
    order_id: int


class AcmeConnector:
    def __init__(self, client):
        self.client = client


class AcmeFactory:
    @staticmethod
    def create_connector(settings=None, *, client=SyncHttpClient):
        url = os.environ["ACME_BASE_URL"]
        grant = RefreshToken(os.environ["ACME_REFRESH_TOKEN"])
        return AcmeConnector(client(url, auth_manager=OAuth2AuthManager(f"{url}/token", "me", grant=grant)))


def to_clean_order(order: ApiOrder) -> CleanOrder:
    return CleanOrder(order_id=order.id)


@task(transform=to_clean_order, into=Table("acme_orders", CleanOrder, key=("order_id",), write="merge"))
def orders(acme: AcmeConnector) -> Call[ApiOrder]:
    return acme.client.call("GET", "/orders", reads=ApiOrder, items="orders")


app = workflow("acme", AcmeFactory, [orders])
"""


@pytest.fixture
def acme(shell: Shell, api: Loopback, secret_manager: SecretManager) -> Shell:
    """A project whose vendor takes each refresh token once, and whose token is in Secret Manager."""
    package = shell.folder / "workflows" / "acme"
    package.mkdir(parents=True)
    (package / "main.py").write_text(ROTATING)
    (shell.folder / "pyproject.toml").write_text("[tool.tidegate]\nworkflows = ['workflows.acme.main:app']\n")
    shell.env |= {"ACME_BASE_URL": api.url, "ACME_REFRESH_TOKEN": "secret://acme/refresh"}
    secret_manager.put("acme/refresh", "refresh-token-0")
    valid = [0]

    def answer(seen: Seen) -> Answer:
        if seen.path != "/token":
            return as_json({"orders": [{"id": 1}]})
        if parse_qs(seen.body.decode())["refresh_token"] != [f"refresh-token-{valid[0]}"]:
            return as_json({"error": "invalid_grant"}, status=400)
        valid[0] += 1
        new = f"refresh-token-{valid[0]}"
        return as_json({"access_token": "access-token", "refresh_token": new, "expires_in": 3600})

    api.by = answer
    return shell


@pytest.mark.extended
def test_runs_hand_the_refresh_token_on(acme: Shell, secret_manager: SecretManager) -> None:
    for _ in range(2):
        ended = acme("run", "acme", "--to", "x.duckdb")
        assert ended.code == 0, ended
    assert secret_manager.texts("acme/refresh")[-1] == "refresh-token-2"
    assert holds(acme.folder, "refresh-token") == []


def test_the_doctor_tries_the_projects_own_workflow_and_says_what_its_token_lacks(
    acme: Shell, api: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.denied.add("secretmanager.versions.add")
    ended = acme("doctor", "--json")
    assert ended.code == 30
    (found,) = (each for each in ended.summary["checks"] if each["verdict"] == "wrong")
    assert found["check"] == "acme"
    assert "permission secretmanager.versions.add is missing" in found["told"]
    assert "roles/secretmanager.secretVersionManager" in found["todo"]
    assert api.seen == []
    secret_manager.denied.clear()
    assert acme("doctor").code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = os.environ["ACME_BASE_URL_2"]', "its factory failed: KeyError: 'ACME_BASE_URL_2'"),
        ("url = AcmeSettings().base_url", "unable to parse string as an integer; BASE_URL is not set"),
    ],
    ids=["a fault", "settings"],
)
def test_a_factory_that_fails_is_a_finding_and_shows_no_value(acme: Shell, line: str, said: str) -> None:
    main = acme.folder / "workflows" / "acme" / "main.py"
    settings = (
        "from pydantic_settings import BaseSettings\n"
        "class AcmeSettings(BaseSettings, env_prefix='ACME_'):\n"
        "    key: int\n"
        "    base_url: str\n"
    )
    code = main.read_text().replace('url = os.environ["ACME_BASE_URL"]', line)
    main.write_text(code.replace("class AcmeConnector", f"{settings}\nclass AcmeConnector"))
    del acme.env["ACME_BASE_URL"]
    acme.env["ACME_KEY"] = OLD
    ended = acme("doctor", "--json")
    assert ended.code == 30
    (found,) = (each for each in ended.summary["checks"] if each["verdict"] == "wrong")
    assert said in found["told"]
    assert OLD not in ended.out + ended.err
