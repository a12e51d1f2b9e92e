"""A refresh token in Secret Manager: each new one a version, and one process at a time, on any machine."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.http_tools.driving import Driver
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tests.servers.secret_manager import SecretManager
from tidegate.http_tools.auth import MemoryTokenStore, OAuth2AuthManager, RefreshToken, SecretTokenStore
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.exceptions import TokenError
from tidegate.utils.errors import SettingsError, TidegateError
from tidegate.utils.gcp import SecretDeniedError, SecretMissingError
from tidegate.utils.gcp_errors import GoogleUnavailableError

SECRET = "secret://acme/refresh"


class Rotating:
    """A vendor whose refresh tokens may be used once; `used_twice` counts sessions that it would end."""

    def __init__(self, server: Loopback, first: str) -> None:
        self.valid, self.used_twice, self.number = first, 0, 0
        self._lock = threading.Lock()
        server.by = self.answer

    def answer(self, seen: Seen) -> Answer:
        if seen.path != "/token":
            return as_json({"ok": True})
        with self._lock:
            shown = parse_qs(seen.body.decode())["refresh_token"][0]
            if shown != self.valid:
                self.used_twice += 1
                return as_json({"error": "invalid_grant"}, status=400)
            self.number += 1
            self.valid = f"refresh-{self.number}"
            return as_json({"access_token": f"a{self.number}", "refresh_token": self.valid, "expires_in": 1})


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def free(server: SecretManager) -> bool:
    """Whether no lease is on the secret, and nothing is left of earlier ones."""
    *before, latest = server.texts("acme/refresh")
    return latest is not None and "tidegate-lease" not in latest and not any(before)


def test_a_new_token_becomes_a_version_and_the_one_before_is_destroyed(
    server: Loopback, driver: Driver, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/refresh", "consent")
    Rotating(server, "consent")
    auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=RefreshToken(SECRET))
    with driver.client(server.url, auth_manager=auth) as client:
        driver.request(client, "GET", "/private")
    assert secret_manager.texts("acme/refresh") == [None, None, "refresh-1"]
    assert {"consent", "refresh-1"} <= set(auth.secrets())


def test_the_next_process_goes_on_with_the_kept_token(
    server: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/refresh", "consent")
    vendor = Rotating(server, "consent")
    for _ in range(2):
        auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=RefreshToken(SECRET))
        with SyncHttpClient(server.url, auth_manager=auth) as client:
            client.request("GET", "/private")
    assert secret_manager.texts("acme/refresh")[-1] == "refresh-2"
    assert free(secret_manager)
    assert vendor.used_twice == 0


def test_machines_that_refresh_at_once_never_show_a_token_twice(
    server: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/refresh", "consent")
    vendor = Rotating(server, "consent")
    errors = list[Exception]()

    def machine() -> None:
        auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=RefreshToken(SECRET))
        try:
            with SyncHttpClient(server.url, auth_manager=auth) as client:
                client.request("GET", "/private")
        except TidegateError as error:
            errors.append(error)

    threads = [threading.Thread(target=machine) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    assert vendor.used_twice == 0
    assert secret_manager.texts("acme/refresh")[-1] == "refresh-3"
    assert free(secret_manager)


PROCESS = """
import sys
from tidegate.http_tools.auth import OAuth2AuthManager, RefreshToken
from tidegate.http_tools.clients import SyncHttpClient

url = sys.argv[1]
for _ in range(2):
    auth = OAuth2AuthManager(f"{url}/token", "me", grant=RefreshToken("secret://acme/refresh"))
    with SyncHttpClient(url, auth_manager=auth) as client:
        client.request("GET", "/private")
"""


@pytest.mark.extended
def test_processes_that_refresh_at_once_never_show_a_token_twice(
    server: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/refresh", "consent")
    vendor = Rotating(server, "consent")
    processes = [subprocess.Popen([sys.executable, "-c", PROCESS, server.url]) for _ in range(4)]
    assert [each.wait(100) for each in processes] == [0] * 4
    assert vendor.used_twice == 0
    assert secret_manager.texts("acme/refresh")[-1] == "refresh-8"
    assert free(secret_manager)


def test_of_two_that_take_the_lease_one_has_it_until_it_is_given_back(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    one, other = SecretTokenStore(SECRET), SecretTokenStore(SECRET)
    assert one.try_lease()
    assert one.load() == other.load() == "token"
    assert not one.try_lease()
    assert not other.try_lease()
    one.release()
    until(lambda: free(secret_manager))
    assert one.try_lease()


class Slow(SecretTokenStore):
    """Others do something between this one's look at the secret and its lease."""

    def __init__(self, others: Callable[[], object]) -> None:
        super().__init__(SECRET)
        self._others: Callable[[], object] | None = others

    def _add(self, text: str, *, insist: bool = False) -> str:
        others, self._others = self._others, None
        if others is not None:
            others()
        return super()._add(text, insist=insist)


def test_a_lease_that_another_took_in_between_is_not_taken_too(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    other = SecretTokenStore(SECRET)
    slow = Slow(other.try_lease)
    assert not slow.try_lease()
    slow._asked = float("-inf")
    assert not slow.try_lease()  # its void lease is the latest version, and stays readable
    assert SecretTokenStore(SECRET).load() == "token"
    assert not SecretTokenStore(SECRET).try_lease()
    other.save("new")
    other.release()
    slow._asked = float("-inf")
    assert slow.try_lease()
    assert slow.load() == "new"
    slow.release()
    until(lambda: free(secret_manager))


def test_a_lease_that_comes_after_the_next_token_is_void_and_the_token_stands(
    secret_manager: SecretManager,
) -> None:
    secret_manager.put("acme/refresh", "token")

    def refreshes() -> None:
        other = SecretTokenStore(SECRET)
        assert other.try_lease()
        other.save("new")
        other.release()

    slow = Slow(refreshes)
    assert not slow.try_lease()
    assert SecretTokenStore(SECRET).load() == "new"
    next_one = SecretTokenStore(SECRET)
    assert next_one.try_lease()  # at once: a void lease is waited for by nobody
    assert next_one.load() == "new"
    next_one.save("newest")
    slow._asked = float("-inf")
    assert slow.try_lease()
    assert slow.load() == "newest"
    slow.release()
    until(lambda: free(secret_manager))


def test_a_lease_is_given_back_before_the_same_process_takes_it_again(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    store = SecretTokenStore(SECRET)
    assert store.try_lease()
    secret_manager.unavailable["AddSecretVersion"] = 2  # it takes a moment
    store.release()
    assert store.try_lease()
    assert not SecretTokenStore(SECRET).try_lease()


def test_a_lease_that_may_have_been_taken_is_not_taken_twice(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    secret_manager.unavailable["AddSecretVersion"] = 1
    with pytest.raises(GoogleUnavailableError):
        SecretTokenStore(SECRET).try_lease()
    assert secret_manager.calls["AddSecretVersion"] == 1


def test_a_number_that_was_left_out_costs_a_try_and_no_token(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    secret_manager.gap = 1
    store = SecretTokenStore(SECRET)
    assert not store.try_lease()
    assert store.load() == "token"
    store._asked = float("-inf")
    assert store.try_lease()
    store.save("new")
    assert SecretTokenStore(SECRET).load() == "new"


def test_the_lease_of_a_process_that_died_ends_after_five_minutes(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    now = [1_000_000.0]
    assert SecretTokenStore(SECRET, clock=lambda: now[0]).try_lease()
    now[0] += 299
    assert not SecretTokenStore(SECRET, clock=lambda: now[0]).try_lease()
    now[0] += 2
    heir = SecretTokenStore(SECRET, clock=lambda: now[0])
    assert heir.try_lease()
    assert heir.load() == "token"


def test_the_lease_of_a_machine_whose_clock_is_far_ahead_does_not_last(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    assert SecretTokenStore(SECRET, clock=lambda: 1_000_301.0).try_lease()
    assert SecretTokenStore(SECRET, clock=lambda: 1_000_000.0).try_lease()


def test_secret_manager_is_asked_for_the_lease_once_a_second(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    assert SecretTokenStore(SECRET).try_lease()
    waiting = SecretTokenStore(SECRET)
    assert not any(waiting.try_lease() for _ in range(20))
    assert secret_manager.calls["AccessSecretVersion"] == 2


def test_a_token_is_kept_though_secret_manager_is_silent_for_a_moment(secret_manager: SecretManager) -> None:
    secret_manager.put("acme/refresh", "token")
    secret_manager.unavailable["AddSecretVersion"] = 2
    SecretTokenStore(SECRET).save("new")
    assert secret_manager.texts("acme/refresh") == ["token", "new"]


def test_a_version_that_may_not_be_destroyed_is_no_reason_to_fail(
    secret_manager: SecretManager, caplog: pytest.LogCaptureFixture
) -> None:
    secret_manager.put("acme/refresh", "token")
    secret_manager.denied.add("secretmanager.versions.destroy")
    store = SecretTokenStore(SECRET)
    assert store.try_lease()
    store.save("new")
    store.release()
    assert store.load() == "new"
    assert "secretmanager.versions.destroy" in caplog.text


@pytest.mark.parametrize("permission", ["secretmanager.versions.access", "secretmanager.versions.add"])
def test_without_a_lease_no_token_is_shown_to_the_vendor(
    server: Loopback, secret_manager: SecretManager, permission: str
) -> None:
    secret_manager.put("acme/refresh", "consent")
    secret_manager.denied.add(permission)
    auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=RefreshToken(SECRET))
    with (
        SyncHttpClient(server.url, auth_manager=auth) as client,
        pytest.raises(SecretDeniedError, match=permission),
    ):
        client.request("GET", "/private")
    assert server.seen == []


def test_a_token_that_was_not_taken_is_free_for_the_next(
    server: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/refresh", "of old consent")
    Rotating(server, "another")
    auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=RefreshToken(SECRET))
    with SyncHttpClient(server.url, auth_manager=auth) as client, pytest.raises(TokenError):
        client.request("GET", "/private")
    until(lambda: free(secret_manager))
    assert SecretTokenStore(SECRET).load() == "of old consent"


def test_a_setting_may_begin_what_an_empty_secret_goes_on_with(
    server: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/refresh")
    Rotating(server, "consent")
    grant = RefreshToken("consent", store=SecretTokenStore(SECRET))
    auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=grant)
    with SyncHttpClient(server.url, auth_manager=auth) as client:
        client.request("GET", "/private")
    assert secret_manager.texts("acme/refresh") == [None, "refresh-1"]


def test_a_secret_that_is_not_there_is_told_before_the_vendor_is_asked(
    server: Loopback, secret_manager: SecretManager
) -> None:
    auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=RefreshToken(SECRET))
    with SyncHttpClient(server.url, auth_manager=auth) as client, pytest.raises(SecretMissingError):
        client.request("GET", "/private")
    assert server.seen == []


def test_a_secret_without_a_version_has_no_token_to_begin_with(
    server: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/refresh")
    auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=RefreshToken(SECRET))
    with (
        SyncHttpClient(server.url, auth_manager=auth) as client,
        pytest.raises(TokenError, match="no refresh token to begin with"),
    ):
        client.request("GET", "/private")
    until(lambda: free(secret_manager))


def test_a_vendor_that_does_not_rotate_needs_no_right_to_write(
    server: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/refresh", "consent")
    secret_manager.denied.add("secretmanager.versions.add")
    server.by = lambda _: as_json({"access_token": "a", "expires_in": 60})
    grant = RefreshToken(f"{SECRET}/1", store=MemoryTokenStore())
    auth = OAuth2AuthManager(f"{server.url}/token", "me", "client secret", grant=grant)
    with SyncHttpClient(server.url, auth_manager=auth) as client:
        client.request("GET", "/private")
    assert secret_manager.texts("acme/refresh") == ["consent"]


@pytest.mark.parametrize("name", ["secret://acme/refresh/3", "a token itself"])
def test_a_store_is_a_secret_without_a_version(name: str) -> None:
    with pytest.raises(SettingsError, match="without a version") as caught:
        SecretTokenStore(name)
    assert "a token itself" not in str(caught.value)


def test_a_store_shows_its_name_and_cannot_be_pickled(secret_manager: SecretManager) -> None:
    import pickle

    store: Any = SecretTokenStore(SECRET)
    assert repr(store) == "SecretTokenStore('secret://acme/refresh')"
    with pytest.raises(TypeError, match="holds a secret"):
        pickle.dumps(store)
