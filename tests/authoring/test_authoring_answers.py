"""What a person says of an API: understood from options, asked on a terminal, put into what is known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from tidegate.authoring import answers as said
from tidegate.authoring import questions
from tidegate.authoring.answers import Answers
from tidegate.authoring.description import Api, Credential, Endpoint, Listing, Quota, Since
from tidegate.utils.errors import UsageError

ROW = {"type": "object", "properties": {"id": {"type": "integer"}, "shop": {}, "updated_at": {}}}
ORDERS = Listing(
    Endpoint("/v1/orders"), "orders", ROW, todo=("What identifies a row is not told: look up its key.",)
)
API = Api(
    "acme",
    "Acme",
    None,
    Credential(),
    (ORDERS.endpoint,),
    todo=("No security scheme is named.", "The base URL is a guess.", "Other."),
)


@pytest.mark.parametrize(
    ("text", "credential"),
    [
        ("header:X-Key", Credential("header", "X-Key")),
        ("query:api_key", Credential("query", "api_key")),
        ("bearer", Credential("bearer")),
        ("basic", Credential("basic")),
        ("none", Credential("none")),
        (
            "client_credentials:https://a.example/token",
            Credential("client_credentials", token_url="https://a.example/token"),
        ),
    ],
)
def test_a_credential_is_told_by_its_kind(text: str, credential: Credential) -> None:
    assert said.credential(text) == credential


@pytest.mark.parametrize(
    "text", ["header", "header:", "header:a b", "token", "bearer:s3cret-value", "client_credentials:x"]
)
def test_another_kind_is_wrong_usage_and_is_not_shown_whole(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        said.credential(text)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("10/s", Quota(10, 1.0)),
        ("300/min", Quota(300, 60.0)),
        ("300/5m", Quota(300, 300.0)),
        ("2000 / 15s", Quota(2000, 15.0)),
        ("5/h", Quota(5, 3600.0)),
        ("1/d", Quota(1, 86400.0)),
    ],
)
def test_a_quota_is_so_many_requests_in_so_long_a_time(text: str, quota: Quota) -> None:
    assert said.quota(text) == quota


@pytest.mark.parametrize("text", ["10", "0/s", "10/0s", "10/week", "-1/s", "1e3/s"])
def test_another_quota_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--quota"):
        said.quota(text)


def test_an_answer_may_name_a_task_or_a_path() -> None:
    names = {"/v1/orders": "orders", "/v1/shops": "shops"}
    assert said.by_path("--key", ["orders=id", "/v1/shops=code"], names) == {
        "/v1/orders": "id",
        "/v1/shops": "code",
    }
    with pytest.raises(UsageError, match="no listing items"):
        said.by_path("--key", ["items=id"], names)
    with pytest.raises(UsageError, match="not understood"):
        said.by_path("--key", ["orders"], names)


def test_what_was_said_is_in_what_is_known_and_is_not_asked_again() -> None:
    answers = Answers(
        "https://a.example",
        Credential("bearer"),
        Quota(1, 1.0),
        {},
        {"/v1/orders": ("shop", "id")},
        {"/v1/orders": Since("since", attribute="updated_at")},
    )
    api, listing = answers.of_api(API), answers.of_listing(ORDERS)
    assert (api.base_url, api.credential, api.quota) == (
        "https://a.example",
        Credential("bearer"),
        Quota(1, 1.0),
    )
    assert api.todo == ("Other.",)
    assert listing.key == ("shop", "id")
    assert listing.since == Since("since", attribute="updated_at")
    assert listing.todo == ()


def test_a_field_that_rows_do_not_have_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no field 'code'"):
        Answers(keys={"/v1/orders": ("code",)}).of_listing(ORDERS)


@dataclass
class Person:
    """Gives these answers, one after the other."""

    replies: list[str]
    said: list[str] = field(default_factory=list)

    def text(self, question: str, default: str) -> str:
        self.said.append(question)
        return self.replies.pop(0) or default

    def secret(self, question: str) -> str:
        return self.text(question, "")

    def yes(self, question: str) -> bool:
        return self.text(question, "y") == "y"

    def say(self, text: str) -> None:
        self.said.append(text)


def test_what_is_not_known_is_asked_until_the_answer_makes_sense() -> None:
    person = Person(["nowhere", "https://a.example/v1/", "token", "header:X-Key", "often", "10/s"])
    answers = questions.about_api(person, API, Answers())
    assert answers == Answers("https://a.example/v1", Credential("header", "X-Key"), Quota(10, 1.0))
    assert any("not understood" in each for each in person.said)


def test_what_is_known_is_not_asked() -> None:
    known = replace(API, base_url="https://a.example", credential=Credential("none"), quota=Quota(1, 1.0))
    assert questions.about_api(Person([]), known, Answers()) == Answers()
    assert questions.about_api(Person([]), API, Answers("x", Credential("none"), Quota(1, 1.0))).quota
    assert questions.about_listing(Person([]), replace(ORDERS, key=("id",)), Answers()) == Answers()


def test_a_quota_and_a_key_may_stay_unknown() -> None:
    answers = questions.about_api(
        Person([""]), replace(API, base_url="x", credential=Credential("none")), Answers()
    )
    assert questions.about_listing(Person([""]), ORDERS, answers) == Answers()


def test_key_and_field_of_a_filter_are_asked_among_the_fields() -> None:
    listing = replace(ORDERS, since=Since("modifiedSince"))
    answers = questions.about_listing(Person(["code", "id", "updated_at"]), listing, Answers())
    assert answers.keys == {"/v1/orders": ("id",)}
    assert answers.since == {"/v1/orders": Since("modifiedSince", attribute="updated_at")}


def test_where_the_rows_are_is_asked_until_there_is_a_list() -> None:
    def found(text: str) -> Listing:
        if text != "result.data":
            raise UsageError(f"no list at {text!r}")
        return replace(ORDERS, items=text)

    person = Person(["result", "the body", "result.data"])
    assert questions.where_rows_are(person, ORDERS, found) == "result.data"
    assert "no list at ''." in person.said


@pytest.mark.parametrize(
    ("reply", "paths"),
    [
        ("1", ["/orders"]),
        ("2-3", ["/shops", "/shop/items"]),
        ("shop", ["/shops", "/shop/items"]),
        ("all", None),
    ],
)
def test_of_many_endpoints_some_are_picked(reply: str, paths: list[str] | None) -> None:
    found = [Listing(Endpoint(path), "", {}) for path in ("/orders", "/shops", "/shop/items")]
    person = Person(["9", "nothing like it", reply])
    assert questions.which(person, found) == (paths or ["/orders", "/shops", "/shop/items"])
