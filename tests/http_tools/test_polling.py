"""An export is asked about until it is ready, has failed, or has had its time."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Driver, World
from tests.http_tools.loopback import Answer, Loopback, as_json
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.clients import Pace, Signs, Start
from tidegate.http_tools.exceptions import (
    ClientClosedError,
    ContractError,
    CrossOriginError,
    ExportFailedError,
    ExportTimeoutError,
    HttpClientError,
    NotFoundError,
    ServerError,
)
from tidegate.http_tools.policy import Policy
from tidegate.http_tools.polling import Ready, poll_flow
from tidegate.utils.errors import ExitCode

AT_ONCE = Pace(first_s=0.0, cap_s=0.01)
SIGNS = Signs("status", ready={"ready"}, failed={"failed", "expired"})
START = Start("POST", "/exports", json={"kind": "contacts"})
SECRET = "a-key-for-one-origin-only"


def pending_then(server: Loopback, *last: Answer, pending: int = 2, begun: Answer | None = None) -> None:
    begun = begun or as_json({"id": "a/b", "links": {"self": "/v3/exports/a%2Fb?x=1"}}, status=202)
    server.script(begun, *[as_json({"status": "pending"})] * pending, *last)


def test_an_export_is_started_once_and_asked_about_until_it_is_ready(
    driver: Driver, server: Loopback
) -> None:
    pending_then(server, as_json({"status": "ready", "url": "/files/1"}))
    client = driver.client(server.url + "/v3", auth_manager=APIKeyAuthManager(SECRET))
    ready = driver.poll(client, "/exports/{id}", start=START, signs=SIGNS, pace=AT_ONCE)
    assert (ready.state, ready.asked, ready.doc["url"]) == ("ready", 3, "/files/1")
    assert [(seen.method, seen.target) for seen in server.seen] == [
        ("POST", "/v3/exports"),
        *[("GET", "/v3/exports/a%2Fb")] * 3,
    ]
    assert json.loads(server.seen[0].body) == {"kind": "contacts"}
    assert {seen.headers["api-key"] for seen in server.seen} == {SECRET}


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("{links.self}", "/v3/exports/a%2Fb?x=1"),
        ("{header:Location}", "/v3/where?y=2"),
        ("/exports/{id}/state?of={id}", "/v3/exports/a%2Fb/state?of=a%2Fb"),
        ("/exports/7", "/v3/exports/7"),
    ],
)
def test_the_answer_to_the_start_leads_to_the_state(
    driver: Driver, server: Loopback, url: str, target: str
) -> None:
    begun = as_json(
        {"id": "a/b", "links": {"self": "/v3/exports/a%2Fb?x=1"}}, headers={"Location": "where?y=2"}
    )
    pending_then(server, as_json({"status": "ready"}), begun=begun)
    driver.poll(driver.client(server.url + "/v3"), url, start=START, signs=SIGNS, pace=AT_ONCE)
    assert {seen.target for seen in server.seen[1:]} == {target}


def test_an_export_that_runs_already_is_asked_about_at_once(driver: Driver, server: Loopback) -> None:
    server.script(as_json({"status": "ready"}))
    ready = driver.poll(driver.client(server.url), "/exports/1", signs=SIGNS, params={"v": 2})
    assert ready.asked == 1
    assert server.seen[0].target == "/exports/1?v=2"


def test_without_signs_the_status_tells(driver: Driver, server: Loopback) -> None:
    server.script(Answer(202), Answer(202), Answer(200, body=b"rows"))
    ready = driver.poll(driver.client(server.url), "/exports/1", pace=AT_ONCE)
    assert (ready.state, ready.response.content, ready.asked) == (200, b"rows", 3)


def test_an_export_that_fails_is_its_own_error(driver: Driver, server: Loopback) -> None:
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(SECRET))
    pending_then(server, as_json({"status": "failed", "reason": f"bad {SECRET}"}))
    with pytest.raises(ExportFailedError, match=r"GET /exports/a/b: the export failed: 'failed'") as caught:
        driver.poll(client, "/exports/{id}", start=START, signs=SIGNS, pace=AT_ONCE)
    assert (caught.value.state, caught.value.exit_code) == ("failed", ExitCode.FAILED)
    assert "reason" in (caught.value.hint or "")
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_an_export_that_is_not_ready_in_time_is_worth_trying_again(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: as_json({"status": "pending"})
    pace = Pace(first_s=0.05, factor=1.0, deadline_s=0.3)
    with pytest.raises(ExportTimeoutError, match=r"GET /x: still 'pending' after .* questions") as caught:
        driver.poll(driver.client(server.url), "/x", signs=SIGNS, pace=pace)
    assert (caught.value.state, caught.value.exit_code) == ("pending", ExitCode.TRY_AGAIN)
    assert 2 <= len(server.seen) <= 9


@pytest.mark.parametrize("kind", ["unknown", "failed", "late"])
def test_a_state_that_repeats_a_credential_is_told_without_it(
    driver: Driver, server: Loopback, kind: str
) -> None:
    state = f"{'x' * 70} {SECRET}"  # so that cutting it first would leave a part
    server.by = lambda _: as_json({"status": state})
    signs = {
        "unknown": Signs("status", ready={"ready"}, pending={"pending"}),
        "failed": Signs("status", ready={"ready"}, failed={state}),
        "late": Signs("status", ready={"ready"}),
    }[kind]
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(SECRET))
    with pytest.raises(HttpClientError, match="xxx") as caught:
        driver.poll(client, "/x", signs=signs, pace=Pace(first_s=0.0, deadline_s=0.0))
    assert SECRET[:8] not in f"{caught.value} {caught.value.hint} {vars(caught.value)}"


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"status": {}}', b"null", b"<html>", b""])
def test_an_answer_without_a_state_is_a_broken_contract(
    driver: Driver, server: Loopback, body: bytes
) -> None:
    server.by = lambda _: Answer(body=body)
    with pytest.raises(ContractError, match="GET /x: "):
        driver.poll(driver.client(server.url), "/x", signs=SIGNS, pace=AT_ONCE)
    assert len(server.seen) == 1


def test_an_unknown_state_is_a_broken_contract_where_all_are_named(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: as_json({"status": "on holiday"})
    signs = Signs("status", ready={"ready"}, pending={"pending"})
    with pytest.raises(ContractError, match="the unknown state 'on holiday'"):
        driver.poll(driver.client(server.url), "/x", signs=signs, pace=AT_ONCE)


@pytest.mark.parametrize("begun", [{}, {"id": None}, {"id": ""}, {"id": {}}, {"id": True}, []])
def test_a_start_that_leads_nowhere_is_a_broken_contract(
    driver: Driver, server: Loopback, begun: Any
) -> None:
    server.by = lambda _: as_json(begun)
    with pytest.raises(ContractError, match="POST /exports: nothing at 'id' leads to the export"):
        driver.poll(driver.client(server.url), "/exports/{id}", start=START, signs=SIGNS, pace=AT_ONCE)
    assert len(server.seen) == 1


def test_a_start_that_may_have_begun_is_not_sent_again(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: Answer(500)
    with pytest.raises(ServerError):
        driver.poll(driver.client(server.url), "/exports/{id}", start=START, signs=SIGNS)
    assert len(server.seen) == 1


def test_questions_are_retried_as_any_request_and_a_404_is_not(driver: Driver, server: Loopback) -> None:
    server.script(Answer(503), as_json({"status": "pending"}), Answer(hang_up=True))
    server.by = lambda _: as_json({"status": "ready"})
    assert driver.poll(driver.client(server.url), "/x", signs=SIGNS, pace=AT_ONCE).asked == 2
    server.by = lambda _: Answer(404)
    with pytest.raises(NotFoundError):
        driver.poll(driver.client(server.url), "/x", signs=SIGNS, pace=AT_ONCE)


def test_an_export_on_another_host_is_not_asked_about_with_a_credential(
    driver: Driver, server: Loopback, elsewhere: Loopback
) -> None:
    server.by = lambda _: as_json({"url": elsewhere.url + "/state"})
    elsewhere.by = lambda _: as_json({"status": "ready"})
    for base, start in ((server.url, START), ("", Start("POST", server.url + "/exports"))):
        settings: dict[str, Any] = {"auth_manager": APIKeyAuthManager(SECRET)} if base else {}
        settings["headers"] = {"X-Token": SECRET}
        with pytest.raises(CrossOriginError):
            driver.poll(driver.client(base, **settings), "{url}", start=start, signs=SIGNS, pace=AT_ONCE)
        assert not elsewhere.seen
        allowing = driver.client(base, allowed_origins=[elsewhere.url], **settings)
        driver.poll(allowing, "{url}", start=start, signs=SIGNS, pace=AT_ONCE, headers={"X-Own": SECRET})
        assert len(elsewhere.seen) == 1
        assert SECRET not in repr(elsewhere.seen)
        elsewhere.seen.clear()


def test_closing_cuts_the_wait_between_questions(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: as_json({"status": "pending"})
    client = driver.client(server.url)

    def close() -> None:
        while not server.seen:
            time.sleep(0.005)
        client.close()

    closer = threading.Thread(target=close)
    closer.start()
    began = time.monotonic()
    with pytest.raises(ClientClosedError):
        driver.poll(client, "/x", signs=SIGNS, pace=Pace(first_s=60, cap_s=60))
    closer.join()
    assert time.monotonic() - began < 5


# -- the pace


def answers(count: int, headers: dict[str, str] | None = None) -> list[httpx2.Response | BaseException]:
    return [httpx2.Response(200, json={"status": "pending"}, headers=headers) for _ in range(count)]


def run(world: World, pace: Pace, start: httpx2.Request | None = None) -> Ready:
    policy = Policy(clock=world.clock, epoch=world.clock)
    ask = lambda url: httpx2.Request("GET", f"http://api.test{url}")  # noqa: E731
    return world.run(poll_flow(policy, ask, "/x", start, SIGNS, pace))


def ready() -> httpx2.Response:
    return httpx2.Response(200, json={"status": "ready"})


def test_each_wait_is_longer_up_to_a_cap() -> None:
    world = World([*answers(6), ready()])
    run(world, Pace(first_s=1, factor=2, cap_s=10))
    assert world.slept == [1, 2, 4, 8, 10, 10]
    world = World([*answers(3), ready()])
    run(world, Pace(first_s=0, factor=2, cap_s=10))
    assert world.slept == [0, 0.05, 0.1]  # from nothing, too


def test_the_first_question_waits_after_a_start() -> None:
    world = World([httpx2.Response(202, json={}), ready()])
    run(world, Pace(first_s=3), httpx2.Request("POST", "http://api.test/x"))
    assert world.slept == [3]


def test_what_the_api_asks_for_is_obeyed_where_it_is_longer() -> None:
    world = World([*answers(1, {"Retry-After": "30"}), *answers(1, {"Retry-After": "0"}), ready()])
    run(world, Pace(first_s=1, factor=2))
    assert world.slept == [30, 2]


def test_the_last_question_comes_at_the_deadline() -> None:
    world = World(answers(9))
    with pytest.raises(ExportTimeoutError, match="after 10 s and 4 questions"):
        run(world, Pace(first_s=4, factor=1, deadline_s=10))
    assert world.slept == [4, 4, 2]


@given(st.floats(0, 100), st.floats(1, 10), st.floats(0, 1000), st.floats(0, 10_000))
def test_polling_never_waits_past_its_deadline_and_always_ends(
    first_s: float, factor: float, more_s: float, deadline_s: float
) -> None:
    world = World(answers(9))
    pace = Pace(first_s, factor, first_s + more_s, min(deadline_s, 8 * max(first_s, 0.05)))
    with pytest.raises((ExportTimeoutError, IndexError)):
        run(world, pace)
    assert all(0 <= wait <= pace.cap_s + 0.05 for wait in world.slept)
    assert world.clock.now - 1000 <= pace.deadline_s + 1e-6


@pytest.mark.parametrize(
    "wrong", [{"first_s": -1}, {"factor": 0.5}, {"first_s": 9, "cap_s": 1}, {"deadline_s": -1}]
)
def test_a_pace_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a pace needs"):
        Pace(**wrong)


def test_what_is_shown_of_a_start_and_an_answer_has_no_body(server: Loopback) -> None:
    shown = repr(Start("POST", "/x", json={"password": SECRET}, headers={"X": SECRET}))
    assert SECRET not in shown


@pytest.mark.parametrize("wrong", [{"ready": "done"}, {"ready": {"done"}, "failed": "failed"}, {}])
def test_signs_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"collections of states|are ready\?"):
        Signs("status", **wrong)
