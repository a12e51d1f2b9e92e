from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tidegate.connectors.sendgrid.schemas import ApiBounce, ApiCampaign, ApiSingleSend, ApiTemplate
from tidegate.connectors.sendgrid.stats import ApiCategoryStat, ApiMetrics, ApiStat
from tidegate.engine.builds import chosen
from tidegate.engine.context import Context
from tidegate.engine.tasks import read_model
from tidegate.workflows.sendgrid.main import app
from tidegate.workflows.sendgrid.stats import CleanStat
from tidegate.workflows.sendgrid.transform import (
    to_clean_bounce,
    to_clean_campaign,
    to_clean_category_stats,
    to_clean_single_send,
    to_clean_stats,
    to_clean_template,
)

NEW_YEAR = Context(datetime(2026, 1, 1, 12, tzinfo=UTC))
TASKS = app.workflow.tasks


def test_a_bare_draft_of_a_campaign_has_empty_lists_and_no_texts() -> None:
    row = to_clean_campaign(ApiCampaign.model_validate({"id": 1, "title": "t", "status": "Draft"}))
    assert (row.campaign_id, row.status, row.list_ids, row.categories) == (1, "draft", [], [])
    assert (row.subject, row.sender_id, row.ip_pool) == (None, None, None)


def test_what_is_blank_of_a_campaign_is_null() -> None:
    sent = {"id": 1, "title": "t", "status": "Sent", "custom_unsubscribe_url": "", "ip_pool": " "}
    row = to_clean_campaign(ApiCampaign.model_validate(sent))
    assert (row.custom_unsubscribe_url, row.ip_pool) == (None, None)


def test_a_single_send_without_a_test_has_nulls_for_it() -> None:
    sent: dict[str, Any] = {
        "id": "s",
        "name": "n",
        "status": "draft",
        "categories": ["a"],
        "is_abtest": False,
        "abtest": None,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
    }
    row = to_clean_single_send(ApiSingleSend.model_validate(sent))
    assert {name: value for name, value in row.model_dump().items() if name.startswith("abtest_")} == {
        f"abtest_{name}": None
        for name in (
            "type",
            "winner_criteria",
            "percentage",
            "duration",
            "winning_template_id",
            "winner_selected_at",
            "expiration_date",
        )
    }


def test_each_category_of_a_day_is_a_row() -> None:
    counts = {name: at for at, name in enumerate(ApiMetrics.model_fields)}
    items = [{"type": "category", "name": name, "metrics": counts} for name in ("a", "b")]
    day = ApiCategoryStat.model_validate({"date": "2026-01-01", "stats": items})
    rows = to_clean_category_stats(day, NEW_YEAR)
    assert [(row.day, row.category) for row in rows] == [(date(2026, 1, 1), "a"), (date(2026, 1, 1), "b")]
    for row in rows:
        assert row.model_dump(exclude={"day", "category"}) == counts


def test_zeros_of_a_day_to_come_are_no_counts_and_counts_are() -> None:
    none = dict.fromkeys(ApiMetrics.model_fields, 0)
    some = {**none, "requests": 1}

    def kept(day: str, *metrics: dict[str, int]) -> list[tuple[str, int]]:
        items = [{"name": f"c{at}", "type": "category", "metrics": each} for at, each in enumerate(metrics)]
        sent = {"date": day, "stats": items}
        total = to_clean_stats(ApiStat.model_validate(sent), NEW_YEAR)
        rows = to_clean_category_stats(ApiCategoryStat.model_validate(sent), NEW_YEAR)
        assert [row.requests for row in total] == [row.requests for row in rows]
        return [(row.category, row.requests) for row in rows]

    assert kept("2026-01-01", none) == [("c0", 0)]
    assert kept("2026-01-02", none) == []
    assert kept("2026-01-02", none, some) == [("c1", 1)]


def test_every_count_that_the_api_tells_is_a_column() -> None:
    assert CleanStat.model_fields.keys() - {"day"} == ApiMetrics.model_fields.keys()


def test_a_template_keeps_its_versions() -> None:
    version = {"id": "v", "name": "n", "active": 1, "subject": "", "updated_at": "2020-11-12 12:00:09"}
    sent = {"id": "t", "name": "n", "generation": "legacy", "updated_at": "2020-11-12 12:00:09"}
    row = to_clean_template(ApiTemplate.model_validate(sent | {"versions": [version]}))
    (kept,) = row.versions
    assert (kept.version_id, kept.is_active, kept.subject) == ("v", True, None)
    assert kept.updated_at == datetime(2020, 11, 12, 12, 0, 9, tzinfo=UTC)
    assert to_clean_template(ApiTemplate.model_validate(sent)).versions == []


@pytest.mark.parametrize(("email", "domain"), [("A@Example.COM", "example.com"), ("nobody", None)])
def test_the_domain_of_an_address_is_in_lower_case(email: str, domain: str | None) -> None:
    row = to_clean_bounce(ApiBounce.model_validate({"created": 1250337600, "email": email}))
    assert row.email_domain == domain


@pytest.mark.parametrize("task", TASKS, ids=[task.name for task in TASKS])
def test_every_column_has_a_description(task: Any) -> None:
    assert [column.name for column in task.into.columns if not column.description] == []


@pytest.mark.parametrize("task", TASKS, ids=[task.name for task in TASKS])
def test_every_page_but_of_statistics_by_day_is_built_by_columns(task: Any) -> None:
    reads = read_model(task.fetch)
    assert reads is not None
    by_day = task.into.write == "replace_windows"
    assert chosen(task, reads)[1].startswith("instances" if by_day else "columnar")
