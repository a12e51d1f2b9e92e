"""A run whose key is kept by Secret Manager."""

from __future__ import annotations

from pathlib import Path

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
