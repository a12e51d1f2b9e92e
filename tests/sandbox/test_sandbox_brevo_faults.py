from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx2

from tests.sandbox.sandbox_support import Api, brevo


def outcome(api: Api) -> str:
    """What a client sees of one request for templates."""
    try:
        response = api.get("/smtp/templates")
    except httpx2.RemoteProtocolError:
        return "cut"
    kind = "html" if response.headers["content-type"].startswith("text/html") else "json"
    return f"{response.status_code} {kind}"


def test_about_the_share_asked_for_goes_wrong_in_every_way() -> None:
    with brevo(faults=0.5, slow_s=0.0) as api:
        seen = Counter(outcome(api) for _ in range(300))
        counted = api.sandbox.counters()["faults"]
    assert 100 < counted < 200
    errors = {f"{status} {kind}" for status in (500, 502, 503) for kind in ("json", "html")}
    assert set(seen) == {"200 json", "429 json", "cut", *errors}


def test_the_same_requests_meet_the_same_faults() -> None:
    runs = []
    for _ in range(2):
        with brevo(faults=0.4, slow_s=0.0) as api:
            runs.append([outcome(api) for _ in range(40)])
    assert runs[0] == runs[1]


def first(api: Api, status: int) -> httpx2.Response:
    """Ask until an answer with this status comes whole."""
    while True:
        with suppress(httpx2.RemoteProtocolError):
            response = api.get("/smtp/templates")
            if response.status_code == status:
                return response


def test_a_refusal_that_is_a_fault_is_short_and_leaves_the_quota_truthful() -> None:
    with brevo(faults=1.0, slow_s=0.0, quota=1.0) as api:
        response = first(api, 429)
        counters = api.sandbox.counters()
    assert response.headers["x-sib-ratelimit-reset"] == "1"
    assert response.headers["x-sib-ratelimit-remaining"] == str(300 - counters["requests"])
    assert (counters["refused"], counters["faults"]) == (0, counters["requests"])


def test_a_cut_answer_is_status_0_in_the_log() -> None:
    with brevo(faults=1.0, slow_s=0.0) as api:
        seen = [outcome(api) for _ in range(20)]
        statuses = [status for _, _, status in api.sandbox.counters()["log"]]
    assert [status == 0 for status in statuses] == [one == "cut" for one in seen]
    assert 0 in statuses


def test_a_slow_answer_is_late_and_whole() -> None:
    with brevo(faults=1.0, slow_s=0.3) as api:
        response = first(api, 200)
    assert response.elapsed.total_seconds() >= 0.3
    assert response.json()["templates"]


def test_a_slow_answer_does_not_hold_up_the_others() -> None:
    with brevo(faults=1.0, slow_s=1.0) as api, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(first, api, 200)
        while 200 not in [status for _, _, status in api.sandbox.counters()["log"]]:
            time.sleep(0.01)
        api.sandbox.set_faults(0.0)
        assert api.get("/contacts").elapsed.total_seconds() < 0.5
        assert not slow.done()
