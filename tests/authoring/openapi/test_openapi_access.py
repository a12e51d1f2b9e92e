"""Where the API is and how requests are authorised; files by address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.authoring.openapi.documents import got, oas, read_document, swagger
from tests.http_tools.loopback import Answer, Loopback, as_json
from tidegate.authoring.description import Credential
from tidegate.authoring.exceptions import DescriptionError
from tidegate.authoring.openapi import read
from tidegate.authoring.openapi.source import MOST_BYTES
from tidegate.http_tools.exceptions import NotFoundError
from tidegate.utils.errors import UsageError

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
BEARER = {"type": "http", "scheme": "Bearer"}


def credential_of(
    folder: Path, schemes: dict[str, Any], security: Any = None
) -> tuple[Credential, tuple[str, ...]]:
    more = {} if security is None else {"security": security}
    api = read_document(folder, oas(components={"securitySchemes": schemes}, **more))
    return api.credential, api.todo


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (KEY, Credential("header", "X-Key")),
        ({"type": "apiKey", "in": "query", "name": "token"}, Credential("query", "token")),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, Credential("unknown")),
        (BEARER, Credential("bearer", "Authorization")),
        ({"type": "http", "scheme": "basic"}, Credential("basic")),
        ({"type": "http", "scheme": "digest"}, Credential("unknown")),
        ({**KEY, "name": "Authorization"}, Credential("header", "Authorization")),
        (
            {**KEY, "name": "Authorization", "description": "Send `Bearer <key>`."},
            Credential("bearer", "Authorization"),
        ),
        ({**KEY, "name": "authorization", "description": "HTTP Basic: user:key"}, Credential("basic")),
        (
            {
                "type": "oauth2",
                "flows": {"clientCredentials": {"tokenUrl": "https://x.test/t", "scopes": {"a": ""}}},
            },
            Credential("client_credentials", None, "https://x.test/t", ("a",)),
        ),
        (
            {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://x.test"}}},
            Credential("unknown"),
        ),
        ({"type": "openIdConnect", "openIdConnectUrl": "https://x.test"}, Credential("unknown")),
    ],
)
def test_each_kind_of_scheme_is_a_credential(
    tmp_path: Path, scheme: dict[str, Any], expected: Credential
) -> None:
    found, told = credential_of(tmp_path, {"it": scheme}, [{"it": []}])
    assert found == expected
    assert bool(told) == (expected.kind == "unknown")


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ({"type": "basic"}, Credential("basic")),
        (KEY, Credential("header", "X-Key")),
        (
            {"type": "oauth2", "flow": "application", "tokenUrl": "https://x.test/t", "scopes": {}},
            Credential("client_credentials", None, "https://x.test/t"),
        ),
        ({"type": "oauth2", "flow": "accessCode", "tokenUrl": "https://x.test/t"}, Credential("unknown")),
    ],
)
def test_each_kind_of_swagger_scheme_is_a_credential(
    tmp_path: Path, scheme: dict[str, Any], expected: Credential
) -> None:
    api = read_document(tmp_path, swagger(securityDefinitions={"it": scheme}, security=[{"it": []}]))
    assert api.credential == expected


def test_of_several_ways_the_simplest_is_taken_and_the_others_told(tmp_path: Path) -> None:
    schemes = {"login": {"type": "oauth2", "flows": {"authorizationCode": {}}}, "key": KEY, "token": BEARER}
    found, told = credential_of(tmp_path, schemes, [{"login": []}, {"key": []}, {"token": []}])
    assert found.kind == "bearer"
    assert told == ("The credential is token; the API also takes login, key.",)


def test_way_that_takes_two_together_is_told(tmp_path: Path) -> None:
    found, told = credential_of(
        tmp_path, {"key": KEY, "app": {**KEY, "name": "X-App"}}, [{"key": [], "app": []}]
    )
    assert found == Credential("header", "X-Key")
    assert told == ("Requests take key and app together: only key is sent; add the rest.",)


def test_operations_say_what_the_file_does_not(tmp_path: Path) -> None:
    paths = {
        "/a": got({}, security=[{"key": []}]),
        "/b": got({}, security=[{"key": []}]),
        "/c": got({}, security=[]),
    }
    api = read_document(tmp_path, oas(paths, components={"securitySchemes": {"key": KEY}}))
    assert api.credential == Credential("header", "X-Key")


def test_open_api_asks_for_nothing_and_a_silent_one_is_asked_about(tmp_path: Path) -> None:
    assert credential_of(tmp_path, {}, []) == (Credential("none"), ())
    found, told = credential_of(tmp_path, {})
    assert found.kind == "unknown"
    assert "names no credential" in told[0]


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([{"url": "https://api.acme.test/v1/"}], "https://api.acme.test/v1"),
        ([{"url": "/v1"}], None),
        ([], None),
        (
            [
                {
                    "url": "https://{region}.acme.test/{v}",
                    "variables": {"region": {"default": "eu"}, "v": {"default": 2}},
                }
            ],
            "https://eu.acme.test/2",
        ),
        (
            [{"url": "https://{shop}.acme.test"}, {"url": "https://sandbox.acme.test"}],
            "https://sandbox.acme.test",
        ),
        ([{"url": "https://{shop}.acme.test"}], None),
        ([{"url": "https://user:pass@acme.test/x?key=1"}], "https://acme.test/x"),
        ([{"url": "ftp://acme.test"}], None),
        ([{"url": "https://[acme.test"}, {"url": "https://:99/x"}, {"url": "http://acme.test:x"}], None),
        ([{"url": "https://a b.test"}, {"url": "https://acme.test"}], "https://acme.test"),
        ([{"url": "https://acme.test/a b"}, {"url": "https://acme.test/\x1b"}], None),
    ],
)
def test_address_is_that_of_the_first_whole_server(
    tmp_path: Path, servers: list[Any], expected: str | None
) -> None:
    assert read_document(tmp_path, {**oas(), "servers": servers}).base_url == expected


def test_address_with_values_of_the_file_is_to_be_looked_up(tmp_path: Path) -> None:
    server = {"url": "https://{shop}.acme.test/v1", "variables": {"shop": {"default": "example"}}}
    api = read_document(tmp_path, {**oas(), "servers": [server]})
    told = [each for each in api.todo if "base URL" in each]
    whose = "has the description's own values for shop: look up those of the account."
    assert told == [f"The base URL, https://example.acme.test/v1, {whose}"]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"host": "acme.test", "basePath": "/v1", "schemes": ["http", "https"]}, "https://acme.test/v1"),
        ({"host": "acme.test", "basePath": "/"}, "https://acme.test"),
        ({"host": "acme.test:8080", "schemes": ["http"]}, "http://acme.test:8080"),
        ({"basePath": "/v1"}, None),
    ],
)
def test_address_of_swagger_is_put_together(
    tmp_path: Path, parts: dict[str, Any], expected: str | None
) -> None:
    assert read_document(tmp_path, swagger(**parts)).base_url == expected


@pytest.fixture
def server() -> Iterator[Loopback]:
    loopback = Loopback()
    yield loopback
    loopback.close()


def test_file_is_read_from_its_address_without_a_credential(server: Loopback) -> None:
    server.script(
        Answer(302, b"", {"location": "/docs/openapi.json"}),
        as_json({**oas(), "servers": [{"url": "../v2"}]}),
    )
    api = read(f"{server.url}/spec?token=secret")
    assert api.base_url == f"{server.url}/v2"
    assert api.origin_of_facts == f"{server.url}/spec, version 1"
    assert not {"authorization", "cookie"} & {name for seen in server.seen for name in seen.headers}


def test_swagger_without_a_host_is_where_its_file_was(server: Loopback) -> None:
    server.script(as_json(swagger(basePath="/v1")))
    assert read(f"{server.url}/swagger.json").base_url == f"{server.url}/v1"


def test_address_that_gives_no_file_says_so(server: Loopback) -> None:
    server.script(Answer(404, b""), Answer(200, b"<html>Log in</html>"))
    with pytest.raises(NotFoundError):
        read(f"{server.url}/spec.json")
    with pytest.raises(DescriptionError, match="page of HTML"):
        read(f"{server.url}/spec.json")


@pytest.mark.parametrize(
    "address", ["http://[::1/x", "https:///x", "http://127.0.0.1:99999/x", "http://a b/x"]
)
def test_what_is_no_address_is_a_wrong_command(address: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        read(address)


def test_address_with_a_password_is_refused_before_anything_is_sent(server: Loopback) -> None:
    with pytest.raises(UsageError) as caught:
        read(server.url.replace("http://", "http://me:secret@") + "/spec.json")
    assert "secret" not in str(caught.value)
    assert server.seen == []


def test_body_beyond_the_bound_is_refused(server: Loopback) -> None:
    server.script(Answer(200, b" " * (MOST_BYTES + 1)))
    with pytest.raises(DescriptionError, match="is over 64 MiB"):
        read(f"{server.url}/spec.json")
