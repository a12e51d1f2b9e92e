from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tidegate.connectors.brevo.schemas import ApiCampaign, ApiContact, ApiEvent, ApiTemplate
from tidegate.contracts.table import Table
from tidegate.workflows.brevo.config import CAMPAIGNS, CONTACTS, EVENTS, TEMPLATES
from tidegate.workflows.brevo.schemas import CleanCampaign, CleanContact, CleanEvent, CleanTemplate
from tidegate.workflows.brevo.transform import (
    to_clean_campaign,
    to_clean_contact,
    to_clean_event,
    to_clean_template,
)


def campaign(**changes: Any) -> ApiCampaign:
    row = {
        "id": 12,
        "name": "EN - Sales Summer 2017",
        "type": "Classic",
        "status": "in_process",
        "subject": "20% OFF",
        "tag": "Newsletter",
        "sender": {"id": 26, "name": "Marketing", "email": "marketing@mycompany.com"},
        "recipients": {"lists": [5, 6], "exclusionLists": [13]},
        "statistics": {
            "globalStats": {
                "sent": 1,
                "delivered": 2,
                "deferred": 3,
                "softBounces": 4,
                "hardBounces": 5,
                "viewed": 6,
                "uniqueViews": 7,
                "trackableViews": 8,
                "estimatedViews": 9,
                "appleMppOpens": 10,
                "clickers": 11,
                "uniqueClicks": 12,
                "unsubscriptions": 13,
                "complaints": 14,
            }
        },
        "createdAt": "2017-05-01T12:30:00Z",
        "modifiedAt": "2017-05-02T12:30:00Z",
        "scheduledAt": "2017-05-03T12:30:00Z",
        "sentDate": "2017-05-04T12:30:00Z",
    }
    return ApiCampaign.model_validate(row | changes)


def template() -> ApiTemplate:
    return ApiTemplate.model_validate(
        {
            "id": 5,
            "name": "SummerSales2017Template",
            "subject": "Enjoy our summer Sales !",
            "isActive": True,
            "tag": "Summer",
            "sender": {"id": 23, "name": "John", "email": "john.smith@example.com"},
            "createdAt": "2016-02-25T11:53:26Z",
            "modifiedAt": "2016-02-26T11:53:26Z",
        }
    )


def event(**changes: Any) -> ApiEvent:
    row = {
        "event": "hardBounces",
        "email": "John.Smith@Example.COM",
        "date": "2026-01-01T00:30:00.000+02:00",
        "messageId": "<201798300811.5787683@relay.domain.com>",
        "subject": "Test",
        "reason": "Error connection timeout",
        "tag": "OrderConfirmation",
        "ip": "192.0.2.15",
        "link": "https://www.example.com",
        "from": "john@example.com",
        "templateId": 4,
    }
    return ApiEvent.model_validate(row | changes)


def contact(**changes: Any) -> ApiContact:
    row = {
        "id": 247,
        "email": "contact1@example.com",
        "emailBlacklisted": True,
        "smsBlacklisted": False,
        "listIds": [43, 58],
        "listUnsubscribed": [61],
        "attributes": {"CITY": "Seattle", "VISITS": 3},
        "createdAt": "2017-05-01T17:05:03Z",
        "modifiedAt": "2017-05-02T17:05:03Z",
    }
    return ApiContact.model_validate(row | changes)


def test_campaign_is_carried_whole() -> None:
    assert to_clean_campaign(campaign()) == CleanCampaign(
        campaign_id=12,
        name="EN - Sales Summer 2017",
        type="classic",
        status="in_process",
        subject="20% OFF",
        subject_a=None,
        subject_b=None,
        tag="Newsletter",
        sender_id="26",
        sender_name="Marketing",
        sender_email="marketing@mycompany.com",
        list_ids=[5, 6],
        excluded_list_ids=[13],
        created_at=datetime(2017, 5, 1, 12, 30, tzinfo=UTC),
        modified_at=datetime(2017, 5, 2, 12, 30, tzinfo=UTC),
        scheduled_at=datetime(2017, 5, 3, 12, 30, tzinfo=UTC),
        sent_at=datetime(2017, 5, 4, 12, 30, tzinfo=UTC),
        sent=1,
        delivered=2,
        deferred=3,
        soft_bounces=4,
        hard_bounces=5,
        opens=6,
        unique_opens=7,
        trackable_opens=8,
        estimated_opens=9,
        apple_mpp_opens=10,
        clicks=11,
        unique_clicks=12,
        unsubscriptions=13,
        complaints=14,
    )


def test_campaign_without_global_stats_has_null_counts() -> None:
    clean = to_clean_campaign(campaign(statistics={}))
    assert (clean.sent, clean.opens, clean.complaints) == (None, None, None)


def test_count_of_zero_is_not_null() -> None:
    assert to_clean_campaign(campaign(statistics={"globalStats": {"sent": 0}})).sent == 0


def test_ab_test_keeps_both_subjects() -> None:
    clean = to_clean_campaign(campaign(subject=None, subjectA="Discover", subjectB="Want to?"))
    assert (clean.subject, clean.subject_a, clean.subject_b) == (None, "Discover", "Want to?")


def test_template_is_carried_whole() -> None:
    assert to_clean_template(template()) == CleanTemplate(
        template_id=5,
        name="SummerSales2017Template",
        subject="Enjoy our summer Sales !",
        is_active=True,
        tag="Summer",
        sender_id="23",
        sender_name="John",
        sender_email="john.smith@example.com",
        created_at=datetime(2016, 2, 25, 11, 53, 26, tzinfo=UTC),
        modified_at=datetime(2016, 2, 26, 11, 53, 26, tzinfo=UTC),
    )


def test_event_is_carried_whole() -> None:
    assert to_clean_event(event()) == CleanEvent(
        message_id="<201798300811.5787683@relay.domain.com>",
        event_type="hardBounces",
        email="John.Smith@Example.COM",
        email_domain="example.com",
        occurred_at=datetime(2025, 12, 31, 22, 30, tzinfo=UTC),
        occurred_on=date(2025, 12, 31),
        subject="Test",
        reason="Error connection timeout",
        tag="OrderConfirmation",
        ip="192.0.2.15",
        link="https://www.example.com",
        sender="john@example.com",
        template_id=4,
    )


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("2026-01-01T00:30:00+02:00", date(2025, 12, 31)),
        ("2026-01-01T23:30:00-02:00", date(2026, 1, 2)),
        ("2026-01-01T23:59:59.999Z", date(2026, 1, 1)),
    ],
)
def test_event_day_is_the_utc_day(sent: str, day: date) -> None:
    assert to_clean_event(event(date=sent)).occurred_on == day


def test_address_without_at_sign_has_no_domain() -> None:
    assert to_clean_event(event(email="unknown")).email_domain is None


def test_contact_is_carried_whole() -> None:
    assert to_clean_contact(contact()) == CleanContact(
        contact_id=247,
        email="contact1@example.com",
        is_email_blacklisted=True,
        is_sms_blacklisted=False,
        list_ids=[43, 58],
        unsubscribed_list_ids=[61],
        attributes={"CITY": "Seattle", "VISITS": 3},
        created_at=datetime(2017, 5, 1, 17, 5, 3, tzinfo=UTC),
        modified_at=datetime(2017, 5, 2, 17, 5, 3, tzinfo=UTC),
    )


def test_contact_without_address_is_kept() -> None:
    assert to_clean_contact(contact(email=None)).email is None


def test_contact_without_list_settings_left_no_list() -> None:
    assert to_clean_contact(contact(listUnsubscribed=None)).unsubscribed_list_ids == []


@pytest.mark.parametrize("table", [CAMPAIGNS, TEMPLATES, EVENTS, CONTACTS], ids=lambda table: table.name)
def test_every_column_is_described(table: Table[Any]) -> None:
    assert [name for name, field in table.model.model_fields.items() if not field.description] == []


def test_tables_are_written_by_key_or_by_window() -> None:
    tables: list[Table[Any]] = [CAMPAIGNS, TEMPLATES, EVENTS, CONTACTS]
    assert [(table.name, table.write, table.key, table.version) for table in tables] == [
        ("brevo_campaigns", "merge", ("campaign_id",), None),
        ("brevo_templates", "merge", ("template_id",), "modified_at"),
        ("brevo_events", "replace_windows", (), None),
        ("brevo_contacts", "merge", ("contact_id",), "modified_at"),
    ]
