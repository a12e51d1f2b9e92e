from __future__ import annotations

import pytest

from tests.sandbox.sandbox_support import EVENTS, HandClock, brevo
from tidegate.sandbox.brevo.quotas import Quotas
from tidegate.sandbox.windows import scaled

PREFIX = "x-sib-ratelimit-"


@pytest.mark.parametrize(
    ("limit", "window_s", "factor", "expected"),
    [
        (100, 3600.0, 1.0, (100, 3600.0)),
        (100, 3600.0, 600.0, (100, 6.0)),
        (10, 1.0, 600.0, (6000, 1.0)),
        (300, 3600.0, 7200.0, (600, 1.0)),
        (100, 3600.0, 7.0, (100, 3600 / 7)),
        (10, 1.0, 0.5, (10, 2.0)),
        (1, 1.0, 0.3, (1, 1 / 0.3)),
    ],
)
def test_a_faster_pace_shortens_the_window_down_to_a_second(
    limit: int, window_s: float, factor: float, expected: tuple[int, float]
) -> None:
    assert scaled(limit, window_s, factor) == expected


def test_a_pace_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        scaled(100, 3600.0, 0.0)


def test_a_window_begins_with_its_first_request_and_ends_for_good() -> None:
    clock = HandClock()
    quotas = Quotas(1.0, clock)
    assert all(quotas.take("k", "general").granted for _ in range(100))
    clock.now_s += 3599.5
    refused = quotas.take("k", "general")
    assert (refused.granted, refused.remaining, refused.reset_s) == (False, 0, 1)
    clock.now_s += 0.5
    assert quotas.take("k", "general") == quotas.take("other", "general")


@pytest.mark.parametrize("begins_at", [1000.0, 4523.7, 33_801.123456789, 70_000.1])
def test_the_reset_of_a_fresh_window_is_its_length_whatever_the_clock_says(begins_at: float) -> None:
    clock = HandClock()
    for step in range(500):  # (now + 3600) - now is a little more than 3600 for many a float
        clock.now_s = begins_at + step / 7
        assert Quotas(1.0, clock).take("k", "general").reset_s == 3600


def test_contacts_have_a_limit_a_second() -> None:
    clock = HandClock()
    quotas = Quotas(1.0, clock)
    assert all(quotas.take("k", "contacts").granted for _ in range(10))
    refused = quotas.take("k", "contacts")
    assert (refused.granted, refused.limit, refused.reset_s) == (False, 10, 1)
    clock.now_s += 1
    assert quotas.take("k", "contacts").granted


def test_contacts_have_a_limit_an_hour_beside_the_one_a_second() -> None:
    clock = HandClock()
    quotas = Quotas(0.01, clock)  # 10 in 100 s and 36,000 in 360,000 s
    hour = quotas.windows("k", "contacts")[1]
    quotas.take("k", "contacts")
    hour.used = 36_000
    clock.now_s += 100
    refused = quotas.take("k", "contacts")
    assert (refused.granted, refused.limit, refused.reset_s) == (False, 36_000, 359_900)


def test_a_refused_request_spends_nothing_of_the_longer_window() -> None:
    quotas = Quotas(1.0, HandClock())
    for _ in range(40):
        quotas.take("k", "contacts")
    assert [window.used for window in quotas.windows("k", "contacts")] == [10, 10]


def test_the_quota_headers_are_on_an_answer_that_was_granted() -> None:
    with brevo(quota=1.0) as api:
        headers = api.get(EVENTS).headers
    assert [headers[PREFIX + name] for name in ("limit", "remaining", "reset")] == ["300", "299", "3600"]


def test_a_request_over_quota_is_refused_with_relative_seconds_and_no_retry_after() -> None:
    with brevo(quota=1.0) as api:
        for _ in range(100):
            api.get("/account")
        refused = api.get("/emailCampaigns")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers[PREFIX + "remaining"] == "0"
    assert 3590 < int(refused.headers[PREFIX + "reset"]) <= 3600
    assert "retry-after" not in refused.headers


def test_templates_and_events_share_a_bucket_that_campaigns_do_not_touch() -> None:
    with brevo(quota=1.0) as api:
        api.get("/smtp/templates")
        assert api.get(EVENTS).headers[PREFIX + "remaining"] == "298"
        assert api.get("/emailCampaigns").headers[PREFIX + "remaining"] == "99"


def test_wrong_requests_count_and_unauthorized_ones_do_not() -> None:
    with brevo(quota=1.0) as api:
        api.get(EVENTS, limit="x")
        api.client.get(f"/v3{EVENTS}")
        assert api.get(EVENTS).headers[PREFIX + "remaining"] == "298"


def test_refused_requests_are_counted() -> None:
    with brevo(quota=1.0) as api:
        for _ in range(15):
            api.get("/contacts")
        tally = api.sandbox.counters()["by_endpoint"]["/contacts"]
    assert tally == {"requests": 15, "refused": 5, "faults": 0}
