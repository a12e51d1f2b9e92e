"""A setting may be `secret://project/name`: in the environment, in `.env`, given in code."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AliasChoices, Field, SecretStr, ValidationError

from tests.servers.secret_manager import SecretManager
from tidegate.connectors.brevo.config import BrevoSettings
from tidegate.utils.errors import SettingsError
from tidegate.utils.gcp import SecretDeniedError
from tidegate.utils.hashing import KeyedHash
from tidegate.utils.settings import BaseUrl, KeptSecret, Settings

KEY = "a-key-that-nobody-may-see"


class AcmeSettings(Settings, env_prefix="ACME_", env_file=".env", extra="ignore"):
    api_key: SecretStr
    base_url: BaseUrl = "https://api.acme.example/v1"
    other: Annotated[SecretStr | None, Field(validation_alias=AliasChoices("OTHER_KEY", "other_key"))] = None
    shops: Annotated[list[str], Field(default_factory=list)]
    headers: Annotated[dict[str, str], Field(default_factory=dict)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_secret_is_looked_up_when_its_value_is_asked_for(
    secret_manager: SecretManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_manager.put("acme/key", KEY)
    monkeypatch.setenv("ACME_API_KEY", "secret://acme/key")
    settings = AcmeSettings()
    assert not secret_manager.calls
    assert settings.api_key.get_secret_value() == KEY
    assert AcmeSettings().api_key.get_secret_value() == KEY
    assert secret_manager.calls["AccessSecretVersion"] == 1


def test_any_other_value_is_looked_up_when_the_settings_are_read(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/url", "https://private.acme.example/v1")
    secret_manager.put("acme/shop", "paris")
    Path(".env").write_text(
        "ACME_API_KEY=itself\nACME_BASE_URL=secret://acme/url\n"
        'ACME_SHOPS=["secret://acme/shop", "rome"]\nOTHER_KEY=secret://acme/key/2\n'
        'ACME_HEADERS={"x-shop": "secret://acme/shop", "x-day": "monday"}\n'
    )
    settings = AcmeSettings()
    assert settings.base_url == "https://private.acme.example/v1"
    assert settings.shops == ["paris", "rome"]
    assert settings.headers == {"x-shop": "paris", "x-day": "monday"}
    assert settings.api_key.get_secret_value() == "itself"
    assert isinstance(settings.other, KeptSecret)
    assert settings.other.reference.version == "2"


def test_what_a_secret_holds_is_checked_like_any_value(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/url", "ftp://acme")
    with pytest.raises(ValidationError, match="is no URL"):
        AcmeSettings(api_key=SecretStr("itself"), base_url="secret://acme/url")


def test_a_value_that_does_not_fit_is_not_shown(secret_manager: SecretManager) -> None:
    class Counted(Settings, env_prefix="ACME_"):
        number: int

    secret_manager.put("acme/number", KEY)
    with pytest.raises(ValidationError, match="valid integer") as caught:
        Counted.model_validate({"number": "secret://acme/number"})
    assert KEY not in str(caught.value)


def test_a_secret_given_in_code_is_looked_up_too(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", KEY)
    settings = BrevoSettings(api_key=SecretStr("secret://acme/key"))
    assert settings.api_key.get_secret_value() == KEY


def test_what_belongs_to_others_is_not_looked_up(secret_manager: SecretManager) -> None:
    class Plain(Settings, env_file=".env", extra="ignore"):
        shop: str = "rome"

    Path(".env").write_text("OTHER=secret://acme/other\nSHOP=paris\n")
    assert Plain().shop == "paris"
    assert not secret_manager.calls


def test_it_shows_as_the_reference_and_never_as_the_secret(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/key", KEY)
    settings = AcmeSettings(api_key=SecretStr("secret://acme/key"))
    settings.api_key.get_secret_value()
    shown = f"{settings!r} {settings} {settings.api_key} {settings.model_dump()} {settings.model_dump_json()}"
    assert "secret://acme/key" in shown
    assert KEY not in shown
    assert KEY.encode() not in pickle.dumps(settings.api_key)
    assert copy.deepcopy(settings).api_key.get_secret_value() == KEY


def test_a_secret_that_may_not_be_read_is_told_as_such(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/url", "https://private.acme.example/v1")
    secret_manager.denied.add("secretmanager.versions.access")
    with pytest.raises(SecretDeniedError, match=r"^ACME_BASE_URL: secret://acme/url"):
        AcmeSettings(api_key=SecretStr("itself"), base_url="secret://acme/url")


@pytest.mark.parametrize("name", ["api_key", "base_url"])
def test_a_malformed_reference_is_an_error_of_settings(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^ACME_{name.upper()}: .* names no secret"):
        AcmeSettings.model_validate({"api_key": "itself", name: "secret://acme"})


def test_the_key_of_hashes_may_be_kept_there(
    secret_manager: SecretManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_manager.put("acme/hash-key", "a key of sixteen characters and more")
    monkeypatch.setenv("TIDEGATE_HASH_KEY", "secret://acme/hash-key/1")
    assert KeyedHash.read().key_id == KeyedHash("a key of sixteen characters and more").key_id
