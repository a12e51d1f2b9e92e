"""As `brevo_truth.py`, of the tables beside the first four: raw JSON rows in, column values out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Row = dict[str, Any]


def at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def text(value: Any) -> str | None:
    return None if value is None else str(value)


def number(value: Any) -> Decimal | None:
    """What a table of nine decimals holds of it."""
    return None if value is None else Decimal(str(value)).quantize(Decimal("1e-9")).normalize()


def _sender(row: Row) -> Row:
    return {
        "sender_id": str(row["id"]),
        "name": row["name"],
        "email": row["email"],
        "is_active": row["active"],
    }


def _report(row: Row) -> Row:
    return {
        "day": datetime.fromisoformat(row["date"]).date(),
        "requests": row["requests"],
        "delivered": row["delivered"],
        "soft_bounces": row["softBounces"],
        "hard_bounces": row["hardBounces"],
        "opens": row["opens"],
        "unique_opens": row["uniqueOpens"],
        "clicks": row["clicks"],
        "unique_clicks": row["uniqueClicks"],
        "spam_reports": row["spamReports"],
        "blocked": row["blocked"],
        "invalid": row["invalid"],
        "unsubscribed": row["unsubscribed"],
    }


def _blocked_contact(row: Row) -> Row:
    return {
        "email": row["email"],
        "sender_email": row["senderEmail"],
        "reason_code": row["reason"].get("code"),
        "reason": row["reason"].get("message"),
        "blocked_at": at(row["blockedAt"]),
    }


def _counts(row: Row) -> Row:
    return {
        "total_blacklisted": row["totalBlacklisted"],
        "total_subscribers": row["totalSubscribers"],
        "unique_subscribers": row["uniqueSubscribers"],
    }


def _list(row: Row) -> Row:
    return {"list_id": row["id"], "folder_id": row["folderId"], "name": row["name"], **_counts(row)}


def _folder(row: Row) -> Row:
    return {"folder_id": row["id"], "name": row["name"], **_counts(row)}


def _segment(row: Row) -> Row:
    return {
        "segment_id": row["id"],
        "name": row["segmentName"],
        "category": row["categoryName"],
        "updated_at": at(row.get("updatedAt")),
    }


def _sms_campaign(row: Row) -> Row:
    counts = row["statistics"]
    return {
        "campaign_id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "content": row["content"],
        "sender": row["sender"],
        "list_ids": row["recipients"]["lists"],
        "excluded_list_ids": row["recipients"]["exclusionLists"],
        "created_at": at(row["createdAt"]),
        "modified_at": at(row["modifiedAt"]),
        "scheduled_at": at(row.get("scheduledAt")),
        "sent_at": at(row.get("sentDate")),
        "sent": counts["sent"],
        "delivered": counts["delivered"],
        "processing": counts["processing"],
        "answered": counts["answered"],
        "soft_bounces": counts["softBounces"],
        "hard_bounces": counts["hardBounces"],
        "unsubscriptions": counts["unsubscriptions"],
    }


def _sms_event(row: Row) -> Row:
    happened = at(row["date"])
    assert happened is not None
    return {
        "message_id": row["messageId"],
        "event_type": row["event"],
        "phone_number": str(row["phoneNumber"]),
        "occurred_at": happened,
        "occurred_on": happened.date(),
        "tag": row.get("tag"),
        "reason": row.get("reason"),
        "reply": row.get("reply"),
    }


def _company(row: Row) -> Row:
    told = row["attributes"]
    return {
        "company_id": row["id"],
        "name": told.get("name"),
        "domain": told.get("domain"),
        "owner": told.get("owner"),
        "revenue": number(told.get("revenue")),
        "contact_ids": row.get("linkedContactsIds") or [],
        "deal_ids": row.get("linkedDealsIds") or [],
        "attributes": told,
        "created_at": at(told["created_at"]),
        "modified_at": at(told["last_updated_at"]),
    }


def _deal(row: Row) -> Row:
    told = row["attributes"]
    return {
        "deal_id": row["id"],
        "name": told.get("deal_name"),
        "owner": told.get("deal_owner"),
        "pipeline_id": told.get("pipeline"),
        "stage_id": told.get("deal_stage"),
        "amount": number(told.get("amount")),
        "contact_ids": row.get("linkedContactsIds") or [],
        "company_ids": row.get("linkedCompaniesIds") or [],
        "attributes": told,
        "created_at": at(told["created_at"]),
        "stage_updated_at": at(told.get("stage_updated_at")),
        "last_activity_at": at(told.get("last_activity_date")),
        "modified_at": at(told["last_updated_date"]),
    }


def _order(row: Row) -> Row:
    billing = row.get("billing") or {}
    return {
        "order_id": row["id"],
        "status": row["status"],
        "amount": number(row["amount"]),
        "lines": [
            {
                "product_id": str(line["productId"]),
                "variant_id": text(line.get("variantId")),
                "quantity": number(line["quantity"]),
                "price": number(line["price"]),
            }
            for line in row["products"]
        ],
        "coupons": row.get("coupons") or [],
        "contact_id": row.get("contact_id"),
        "email": row.get("email"),
        "store_id": row.get("storeId"),
        "billing_country_code": billing.get("countryCode"),
        "billing_country": billing.get("country"),
        "billing_region": billing.get("region"),
        "billing_city": billing.get("city"),
        "billing_post_code": text(billing.get("postCode")),
        "payment_method": billing.get("paymentMethod"),
        "created_at": at(row["createdAt"]),
        "updated_at": at(row["updatedAt"]),
    }


def _product(row: Row) -> Row:
    return {
        "product_id": str(row["id"]),
        "parent_id": row.get("parentId"),
        "name": row["name"],
        "sku": row.get("sku"),
        "price": number(row.get("price")),
        "stock": number(row.get("stock")),
        "category_ids": row.get("categories") or [],
        "url": row.get("url"),
        "meta": row.get("metaInfo"),
        "is_deleted": row.get("isDeleted", False),
        "created_at": at(row["createdAt"]),
        "modified_at": at(row["modifiedAt"]),
    }


def _category(row: Row) -> Row:
    return {
        "category_id": row["id"],
        "name": row["name"],
        "url": row.get("url"),
        "is_deleted": row["isDeleted"],
        "created_at": at(row["createdAt"]),
        "modified_at": at(row["modifiedAt"]),
    }


EXPECTED: dict[str, Callable[[Row], Row]] = {
    "senders": _sender,
    "reports": _report,
    "blocked_contacts": _blocked_contact,
    "lists": _list,
    "folders": _folder,
    "segments": _segment,
    "sms_campaigns": _sms_campaign,
    "sms_events": _sms_event,
    "companies": _company,
    "deals": _deal,
    "orders": _order,
    "products": _product,
    "categories": _category,
}
_NOON = "2026-01-01T12:00:00Z"
_COUNTED = {"totalBlacklisted": 0, "totalSubscribers": 0, "uniqueSubscribers": 0}
_SMS = ("sent", "delivered", "processing", "answered", "softBounces", "hardBounces", "unsubscriptions")
_REPORT = (
    "requests", "delivered", "softBounces", "hardBounces", "opens", "uniqueOpens", "clicks", "uniqueClicks",
    "spamReports", "blocked", "invalid", "unsubscribed",
)  # fmt: skip
# Just enough of a row to learn the names of the columns from.
SAMPLES: dict[str, Row] = {
    "senders": {"id": 1, "name": "", "email": "", "active": True},
    "reports": {"date": "2026-01-01", **dict.fromkeys(_REPORT, 0)},
    "blocked_contacts": {"email": "", "senderEmail": "", "reason": {}, "blockedAt": _NOON},
    "lists": {"id": 1, "name": "", "folderId": 1, **_COUNTED},
    "folders": {"id": 1, "name": "", **_COUNTED},
    "segments": {"id": 1, "segmentName": "", "categoryName": ""},
    "sms_campaigns": {
        "id": 1,
        "name": "",
        "status": "",
        "content": "",
        "sender": "",
        "recipients": {"lists": [], "exclusionLists": []},
        "statistics": dict.fromkeys(_SMS, 0),
        "createdAt": _NOON,
        "modifiedAt": _NOON,
    },
    "sms_events": {"messageId": "", "event": "", "phoneNumber": 1, "date": _NOON},
    "companies": {"id": "", "attributes": {"created_at": _NOON, "last_updated_at": _NOON}},
    "deals": {"id": "", "attributes": {"created_at": _NOON, "last_updated_date": _NOON}},
    "orders": {
        "id": "",
        "status": "",
        "amount": 1,
        "products": [],
        "createdAt": _NOON,
        "updatedAt": _NOON,
    },
    "products": {"id": "", "name": "", "createdAt": _NOON, "modifiedAt": _NOON},
    "categories": {"id": "", "name": "", "isDeleted": False, "createdAt": _NOON, "modifiedAt": _NOON},
}
