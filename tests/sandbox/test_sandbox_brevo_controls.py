from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.sandbox.sandbox_support import EVENTS, Api, brevo


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    """For what changes nothing."""
    with brevo() as api:
        yield api


def test_counters_tell_every_data_request_in_the_order_of_arrival() -> None:
    with brevo() as api:
        api.get("/contacts", offset=50, limit=10)
        api.get(EVENTS, limit=9999)
        counters = api.client.get("/_sandbox/counters").json()
    assert (counters["requests"], counters["refused"], counters["faults"]) == (2, 0, 0)
    assert counters["log"] == [["/contacts", "limit=10&offset=50", 200], [EVENTS, "limit=9999", 400]]
    assert counters["by_endpoint"]["/emailCampaigns"] == {"requests": 0, "refused": 0, "faults": 0}


def test_the_sandboxs_own_paths_are_not_counted() -> None:
    with brevo() as api:
        for _ in range(2):
            assert api.client.get("/_sandbox/counters").json()["requests"] == 0


def test_counters_can_be_reset() -> None:
    with brevo() as api:
        api.get("/account")
        assert api.client.post("/_sandbox/reset_counters").status_code == 200
        assert api.sandbox.counters()["requests"] == len(api.sandbox.counters()["log"]) == 0


@pytest.mark.parametrize("name", ["campaigns", "templates", "contacts", "events"])
def test_the_truth_is_the_same_over_http_and_in_python(shared: Api, name: str) -> None:
    assert shared.client.get(f"/_sandbox/truth/{name}").json() == shared.sandbox.truth(name)


def test_the_truth_of_events_tells_the_day_of_each_row() -> None:
    with brevo() as api:
        truth = api.client.get("/_sandbox/truth/events").json()
    assert len(truth["rows"]) == len(truth["days"]) == 600


def test_churn_steps_can_be_asked_for_at_once() -> None:
    with brevo() as api:
        before = api.sandbox.truth_json("contacts")
        answer = api.client.post("/_sandbox/churn", json={"steps": 30}).json()
        assert answer["steps"] == sum(answer["done"].values()) == 30
        assert api.sandbox.truth_json("contacts") != before


def test_the_rate_of_churn_can_be_set() -> None:
    with brevo() as api:
        api.client.post("/_sandbox/churn", json={"rate": 1})
        before = api.sandbox.truth_json("contacts")
        for _ in range(20):
            api.get("/account")
        assert api.sandbox.truth_json("contacts") != before


def test_the_rate_of_faults_can_be_set() -> None:
    with brevo(slow_s=0.0) as api:
        api.client.post("/_sandbox/faults", json={"rate": 1.0})
        api.client.post("/_sandbox/faults", json={"rate": 0})
        assert api.get("/account").status_code == 200


@pytest.mark.parametrize(
    "body", ["", "[]", '{"rate": 2}', '{"rate": "1"}', '{"steps": -1}', '{"steps": true}', "{}"]
)
def test_a_wrong_body_is_refused(shared: Api, body: str) -> None:
    assert shared.client.post("/_sandbox/churn", content=body).status_code == 400


def test_a_wrong_path_or_method_is_refused(shared: Api) -> None:
    paths = {"truth/webhooks": 404, "nothing": 404, "churn": 405}
    for path, status in paths.items():
        assert shared.client.get(f"/_sandbox/{path}").status_code == status


def test_the_truth_can_be_read_while_requests_change_it() -> None:
    with brevo(churn=1.0) as api:
        reader = threading.Thread(target=lambda: [api.sandbox.truth("contacts") for _ in range(30)])
        reader.start()
        for _ in range(60):
            api.get("/contacts")
        reader.join()
        assert api.sandbox.counters()["requests"] == 60
