"""Secrets are read by Google's real client from a server that is as strict as the real one."""

from __future__ import annotations

import logging
import sys
import threading

import pytest
from google.auth.exceptions import RefreshError

from tests.servers.secret_manager import SecretManager
from tidegate.utils.errors import ExitCode, SettingsError
from tidegate.utils.gcp import (
    SecretDamagedError,
    SecretDeniedError,
    SecretDestroyedError,
    SecretDisabledError,
    SecretMissingError,
    access_secret_data,
    read_secret,
    told,
)
from tidegate.utils.gcp_errors import GoogleError, GooglePermissionError, GoogleUnavailableError
from tidegate.utils.secrets import SECRETS, SecretReference, Secrets, SecretVersion, resolved

KEY = "a-key-that-nobody-may-see"


def test_the_latest_version_is_the_one_that_was_added_last(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", "first", "second\n")
    assert access_secret_data("acme", "key") == "second\n"
    assert access_secret_data("acme", "key", "1") == "first"


def test_an_alias_names_a_version(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", "first", "second")
    secret_manager.secrets["acme/key"].aliases["proven"] = 1
    assert access_secret_data("acme", "key", "proven") == "first"


def test_a_secret_that_may_not_be_read_names_permission_and_role(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", KEY)
    secret_manager.denied.add("secretmanager.versions.access")
    with pytest.raises(SecretDeniedError, match="secret://acme/key: permission secretmanager") as caught:
        access_secret_data("acme", "key")
    assert caught.value.exit_code is ExitCode.FAILED
    assert caught.value.permission == "secretmanager.versions.access"
    assert "roles/secretmanager.secretAccessor" in (caught.value.hint or "")


def test_who_may_not_act_as_the_account_to_impersonate_is_not_told_of_the_secret() -> None:
    refused = RefreshError("Unable to acquire impersonated credentials", "iam.serviceAccounts.getAccessToken")  # type: ignore[no-untyped-call]
    with pytest.raises(GooglePermissionError, match="impersonate") as caught, told(SecretReference("a", "b")):
        raise refused
    assert not isinstance(caught.value, SecretDeniedError)
    assert "serviceAccountTokenCreator" in str(caught.value.hint)


@pytest.mark.parametrize("version", ["latest", "7"])
def test_a_secret_or_version_that_is_not_there_is_missing(
    secret_manager: SecretManager, version: str
) -> None:
    with pytest.raises(SecretMissingError, match="not found") as caught:
        access_secret_data("acme", "key", version)
    assert "gcloud secrets versions list key --project acme" in (caught.value.hint or "")
    secret_manager.put("acme/key", *([KEY] if version == "7" else []))
    with pytest.raises(SecretMissingError, match="not found"):
        access_secret_data("acme", "key", version)


@pytest.mark.parametrize(
    ("state", "kind"), [("DISABLED", SecretDisabledError), ("DESTROYED", SecretDestroyedError)]
)
def test_a_version_that_is_off_is_an_error_of_its_own_even_where_an_older_one_is_on(
    secret_manager: SecretManager, state: str, kind: type[GoogleError]
) -> None:
    secret_manager.put("acme/key", "older", KEY)
    secret_manager.set_state("acme/key", 2, state)
    with pytest.raises(kind, match=f"this version is {state.lower()}") as caught:
        access_secret_data("acme", "key")
    assert type(caught.value) is kind
    assert caught.value.exit_code is ExitCode.FAILED
    assert access_secret_data("acme", "key", "1") == "older"


def test_an_answer_that_was_damaged_once_is_asked_for_again(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", KEY)
    secret_manager.damage = 1
    assert access_secret_data("acme", "key") == KEY
    assert secret_manager.calls["AccessSecretVersion"] == 2


def test_a_checksum_that_does_not_hold_is_worth_trying_again(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", KEY)
    secret_manager.damage = 2
    with pytest.raises(SecretDamagedError, match="not what its checksum says") as caught:
        access_secret_data("acme", "key")
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert KEY not in str(caught.value)


def test_bytes_that_are_no_text_are_refused_without_being_shown(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", b"\xff\xfe key")
    with pytest.raises(GoogleError, match="no text in UTF-8") as caught:
        access_secret_data("acme", "key")
    assert "key" not in str(caught.value).replace("secret://acme/key", "")
    assert caught.value.__cause__ is None


def test_a_moment_of_silence_is_waited_out(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", KEY)
    secret_manager.unavailable["AccessSecretVersion"] = 1
    assert access_secret_data("acme", "key") == KEY


def test_nobody_there_is_worth_trying_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", "127.0.0.1:1")
    with pytest.raises(GoogleUnavailableError, match="secret://acme/key: no answer") as caught:
        read_secret(SecretReference("acme", "key"), timeout_s=0.3)
    assert caught.value.exit_code is ExitCode.TRY_AGAIN


def test_without_the_extra_the_install_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.secretmanager", None)
    monkeypatch.delattr("google.cloud.secretmanager", raising=False)
    with pytest.raises(SettingsError, match="google-cloud-secret-manager is not installed") as caught:
        access_secret_data("acme", "key")
    assert caught.value.hint == "pip install 'tidegate[bigquery]'"


def test_a_regional_secret_has_its_location_in_its_name(
    secret_manager: SecretManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_manager.put("acme/key", KEY)
    monkeypatch.setenv(
        "TIDEGATE_GOOGLE_SECRET_MANAGER_ENDPOINT", "https://secretmanager.europe-west1.rep.googleapis.com"
    )
    with pytest.raises(SecretMissingError, match="locations/europe-west1/secrets/key/versions/9"):
        access_secret_data("acme", "key", "9")


# References


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("secret://acme/key", ("acme", "key", "latest")),
        ("secret://acme-1/a_key-2/latest", ("acme-1", "a_key-2", "latest")),
        ("secret://123456/key/17", ("123456", "key", "17")),
        ("secret://example.com:acme/key/proven", ("example.com:acme", "key", "proven")),
    ],
)
def test_a_reference_names_project_secret_and_version(text: str, parts: tuple[str, str, str]) -> None:
    reference = SecretReference.parse(text)
    assert reference == SecretReference(*parts)
    assert SecretReference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    "text",
    [
        "secret://",
        "secret://acme",
        "secret://acme/",
        "secret://acme/key/1/2",
        "secret://Acme/key",
        "secret://acme/k y",
        "secret://acme/key\n",
        " secret://acme/key",
        "secret:/acme/key",
        "secrets://acme/key",
        "SECRET://acme/key",
    ],
)
def test_a_malformed_reference_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsError, match="names no secret") as caught:
        SecretReference.parse(text)
    assert text not in str(caught.value).replace("begins like secret://", "")


def test_any_other_text_is_itself() -> None:
    assert SecretReference.parse("https://acme/key") is None
    assert resolved("s3cret://acme") == "s3cret://acme"


def test_a_line_break_that_was_stored_along_is_no_part_of_the_secret(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", f" {KEY} \r\n")
    assert resolved("secret://acme/key") == f" {KEY} "


# Looked up once


def test_a_secret_is_looked_up_once_however_many_ask_at_once(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", KEY)
    found = list[str]()
    threads = [threading.Thread(target=lambda: found.append(resolved("secret://acme/key"))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [KEY] * 8
    assert secret_manager.calls["AccessSecretVersion"] == 1


def test_the_next_run_of_a_process_looks_it_up_again(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", "first")
    assert resolved("secret://acme/key") == "first"
    secret_manager.put("acme/key", "second")
    assert resolved("secret://acme/key") == "first"
    SECRETS.forget()
    assert resolved("secret://acme/key") == "second"


def test_a_look_up_that_failed_is_not_kept(secret_manager: SecretManager) -> None:
    with pytest.raises(SecretMissingError):
        resolved("secret://acme/key")
    secret_manager.put("acme/key", KEY)
    assert resolved("secret://acme/key") == KEY


class _Source:
    """Gives the versions one after another, the last for good, and counts."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.asked = list(texts), 0

    def __call__(self, reference: SecretReference) -> SecretVersion:
        self.asked += 1
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        return SecretVersion(f"{reference}/versions/{self.asked}", text)


LATEST = SecretReference("acme", "key")


def test_a_newer_version_comes_in_place_of_one_that_was_refused() -> None:
    source = _Source("one", "two")
    secrets = Secrets(source)
    assert secrets.value(LATEST) == "one"
    assert secrets.newer(LATEST, "one") == "two"
    assert secrets.newer(LATEST, "one") == "two"  # another request that was refused with the old one
    assert secrets.value(LATEST) == "two"
    assert source.asked == 2


def test_where_there_is_none_it_is_not_asked_for_twice_within_a_minute() -> None:
    source, now = _Source("one"), [100.0]
    secrets = Secrets(source, lambda: now[0])
    secrets.value(LATEST)
    assert [secrets.newer(LATEST, "one") for _ in range(3)] == [None] * 3
    assert source.asked == 2
    source.texts, now[0] = ["two"], 161.0
    assert secrets.newer(LATEST, "one") == "two"


def test_a_pinned_version_has_no_newer_one() -> None:
    source = _Source("one", "two")
    secrets = Secrets(source)
    pinned = SecretReference("acme", "key", "1")
    secrets.value(pinned)
    assert secrets.newer(pinned, "one") is None
    assert source.asked == 1


def test_a_look_up_is_logged_by_name_alone(
    secret_manager: SecretManager, caplog: pytest.LogCaptureFixture
) -> None:
    secret_manager.put("acme/key", KEY)
    with caplog.at_level(logging.DEBUG):
        resolved("secret://acme/key")
    assert "secrets/key/versions/1" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in repr(SECRETS) + repr(SecretVersion("name", KEY))
