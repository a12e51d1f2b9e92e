"""The stand-in Titelive: as strict as the vendor where that is known, the same data for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.sandbox_support import NOW, HandClock
from tidegate.connectors.titelive.eans import fault_of
from tidegate.sandbox.asgi import Request
from tidegate.sandbox.titelive import TiteliveSandbox
from tidegate.sandbox.titelive.quota import Quota


class Api:
    """Asks a stand-in without a server around it."""

    def __init__(self, **how: Any) -> None:
        self.clock = HandClock()
        self.sandbox = TiteliveSandbox(**{"rows": 400, "now": NOW, "monotonic": self.clock, **how})
        self.token = ""

    def log_in(self, password: object = "secret", path: str = "/v1/login/me/token") -> int:
        body = json.dumps({"password": password}).encode()
        answer = self.sandbox.login.handle(Request("POST", path, "", {}, body))
        self.token = json.loads(answer.body).get("token", "")
        return answer.status

    def get(self, path: str, query: str = "") -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.token}"}
        answer = self.sandbox.search.handle(Request("GET", f"/v1{path}", query, headers))
        return answer.status, json.loads(answer.body)


@pytest.fixture
def api() -> Api:
    made = Api()
    made.log_in()
    return made


def test_the_same_seed_gives_the_same_data_and_another_one_other_data() -> None:
    assert Api(seed=3).sandbox.truth() == Api(seed=3).sandbox.truth()
    assert Api(seed=3).sandbox.truth() != Api(seed=4).sandbox.truth()


def test_every_ean_is_one_and_none_comes_twice() -> None:
    truth = Api(rows=3000).sandbox.truth()
    eans = [*(row["ean"] for row in truth["rows"]), *truth["deleted"]]
    assert not any(map(fault_of, eans))
    assert len(set(eans)) == len(eans)
    assert len(truth["deleted"]) > 50


def test_a_token_holds_until_its_end(api: Api) -> None:
    ean = api.sandbox.truth()["rows"][0]["ean"]
    api.clock.now_s += 299
    assert api.get(f"/ean/{ean}")[0] == 200
    api.clock.now_s += 1
    assert api.get(f"/ean/{ean}")[0] == 401


@pytest.mark.parametrize(("password", "status"), [("right", 200), ("wrong", 401), ("", 401), (7, 401)])
def test_only_the_right_password_gets_a_token(password: object, status: int) -> None:
    assert Api(password="right").log_in(password) == status


def test_without_a_token_nothing_is_told() -> None:
    assert Api().get("/search", "base=paper") == (401, {"error": "Unauthorized"})


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/search", ""),
        ("/search", "base=film"),
        ("/search", "base=paper&page=0"),
        ("/search", "base=paper&nombre=121"),
        ("/search", "base=paper&dateminm=2026-04-15"),
        ("/search", "base=paper&dateminm=15/4/2026"),
        ("/search", "base=paper&pages=1"),
        ("/search", "base=paper&base=music"),
        ("/search", "base=paper&nombre=120&page=168"),
        ("/ean", ""),
        ("/ean", "in=9782000000044"),
        ("/ean", "in=ean="),
        ("/ean", "in=ean=" + "|".join(["9782000000044"] * 251)),
    ],
)
def test_what_the_api_does_not_take_is_refused(api: Api, path: str, query: str) -> None:
    assert api.get(path, query)[0] == 400


def test_one_unknown_ean_hides_all_others_of_its_batch(api: Api) -> None:
    truth = api.sandbox.truth()
    there, gone = truth["rows"][0]["ean"], truth["deleted"][0]
    assert api.get("/ean", f"in=ean={there}")[0] == 200
    assert api.get("/ean", f"in=ean={there}|{gone}")[0] == 404
    assert api.get(f"/ean/{gone}")[0] == 404


def test_a_search_gives_whole_works_page_by_page(api: Api) -> None:
    day = api.sandbox.catalogue.today - timedelta(days=3)
    found = api.sandbox.found("paper", day)
    query = f"base=paper&dateminm={day:%d/%m/%Y}&datemaxm={day:%d/%m/%Y}&nombre=2"
    ids = []
    for page in range(1, found // 2 + 2):
        status, body = api.get("/search", f"{query}&page={page}")
        works = body["result"]
        ids += [work["id"] for work in (works.values() if isinstance(works, dict) else works)]
        assert (status, int(body["nbreponses"])) == (200, found)
    assert len(set(ids)) == len(ids) == found > 3


@pytest.mark.extended
def test_totals_are_capped() -> None:
    api = Api(rows=10, crowd=20_100)
    api.log_in()
    day = f"{api.sandbox.catalogue.crowded:%d/%m/%Y}"
    status, body = api.get("/search", f"base=paper&dateminm={day}&datemaxm={day}&nombre=1")
    assert (status, int(body["nbreponses"])) == (200, 20_000)


def test_every_quirk_comes_in_every_form() -> None:
    forms: Counter[tuple[str, str]] = Counter()
    for row in Api(rows=1500).sandbox.truth()["rows"]:
        work = row["oeuvre"]
        articles = work["article"]
        forms["article", type(articles).__name__] += 1
        for article in articles.values() if isinstance(articles, dict) else articles:
            for name in (
                "gtl",
                "prixpays",
                "pages",
                "poids",
                "image",
                "dispo",
                "taux_tva",
                "prix",
                "editeur",
            ):
                forms[name, type(article.get(name)).__name__] += 1
    wanted = {
        ("article", "list"), ("article", "dict"), ("gtl", "NoneType"), ("gtl", "list"), ("gtl", "dict"),
        ("prixpays", "list"), ("prixpays", "dict"), ("prixpays", "NoneType"), ("pages", "str"),
        ("pages", "int"), ("pages", "NoneType"), ("poids", "str"), ("poids", "int"), ("image", "str"),
        ("image", "int"), ("dispo", "str"), ("dispo", "int"), ("taux_tva", "str"), ("taux_tva", "float"),
        ("prix", "str"), ("prix", "float"), ("editeur", "NoneType"), ("editeur", "str"),
    }  # fmt: skip
    assert forms.keys() >= wanted
    assert min(forms[form] for form in wanted) > 20


def asked(quota: Quota, clock: HandClock, rate: float, count: int) -> int:
    """How many of `count` requests at `rate` a second pass before one does not."""
    for number in range(count):
        if not quota.take():
            return number
        clock.now_s += 1 / rate
    return count


def test_a_burst_a_rest_then_less() -> None:
    clock = HandClock()
    quota = Quota(1.0, clock)
    assert 1990 <= asked(quota, clock, 69.99, 5000) <= 2010
    assert asked(quota, clock, 1, 1) == 0
    clock.now_s += 14.9
    assert asked(quota, clock, 1, 1) == 0
    clock.now_s += 0.2
    assert asked(quota, clock, 29.9, 3000) == 3000
    assert asked(quota, clock, 40, 3000) < 200


def test_more_than_seventy_a_second_are_refused() -> None:
    clock = HandClock()
    quota = Quota(1.0, clock)
    assert asked(quota, clock, 1e9, 100) == 70


def test_after_a_minute_of_silence_there_is_a_burst_again() -> None:
    clock = HandClock()
    quota = Quota(1.0, clock)
    asked(quota, clock, 69.99, 5000)
    clock.now_s += 60
    assert asked(quota, clock, 69.99, 1900) == 1900


def test_a_credential_at_the_wrong_origin_is_counted(api: Api) -> None:
    api.sandbox.login.handle(Request("POST", "/v1/login/me/token", "", {"authorization": "Bearer x"}, b"{}"))
    api.sandbox.search.handle(Request("GET", "/v1/search", "password=x", {}))
    assert api.sandbox.counters()["strayed"] == 2
