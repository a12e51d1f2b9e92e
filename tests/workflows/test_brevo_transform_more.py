"""Brevo's tables beside the first four: the values that are more than carried over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests import brevo_truth_more
from tidegate.connectors.brevo import schemas, schemas_sales, schemas_shop, schemas_sms
from tidegate.connectors.brevo.schemas import ApiSenderIdentity
from tidegate.connectors.brevo.schemas_sales import ApiCompany, ApiDeal
from tidegate.connectors.brevo.schemas_shop import ApiOrder, ApiProduct
from tidegate.connectors.brevo.schemas_sms import ApiSmsEvent
from tidegate.contracts.base import ReadContract
from tidegate.contracts.map import MapError
from tidegate.contracts.personal import Personal
from tidegate.workflows.brevo.main import app
from tidegate.workflows.brevo.schemas_sales import OrderLine
from tidegate.workflows.brevo.transform import to_clean_sender, to_clean_sms_event
from tidegate.workflows.brevo.transform_sales import (
    amount,
    to_clean_company,
    to_clean_deal,
    to_clean_order,
    to_clean_product,
)

STAMPS = {"created_at": "2026-01-01T00:00:00+05:30", "last_updated_at": "2026-01-02T00:00:00Z"}


def order(**changes: Any) -> ApiOrder:
    return ApiOrder.model_validate({**brevo_truth_more.SAMPLES["orders"], **changes})


def company(**attributes: Any) -> ApiCompany:
    return ApiCompany.model_validate({"id": "c1", "attributes": {**STAMPS, **attributes}})


def test_a_sender_is_called_as_in_campaigns() -> None:
    sender = ApiSenderIdentity(id=26, name="M", email="m@x.example", active=False)  # type: ignore[arg-type]
    assert (to_clean_sender(sender).sender_id, to_clean_sender(sender).is_active) == ("26", False)


def test_an_sms_event_has_its_utc_date() -> None:
    event = ApiSmsEvent.model_validate(
        {"event": "sent", "phoneNumber": 336, "date": "2026-01-02T00:30:00+02:00", "messageId": "1"}
    )
    assert to_clean_sms_event(event).occurred_on == date(2026, 1, 1)


def test_what_is_known_of_a_company_has_columns_and_all_of_it_is_kept() -> None:
    clean = to_clean_company(company(name="Écluse", revenue=10.5, secteur="livres"))
    assert (clean.name, clean.revenue, clean.owner) == ("Écluse", Decimal("10.5"), None)
    assert clean.attributes["secteur"] == "livres"
    assert clean.created_at == datetime(2025, 12, 31, 18, 30, tzinfo=UTC)
    assert (clean.contact_ids, clean.deal_ids) == ([], [])


def test_a_company_without_its_time_of_creation_is_rejected() -> None:
    row = ApiCompany.model_validate({"id": "c1", "attributes": {"last_updated_at": "2026-01-02T00:00:00Z"}})
    with pytest.raises((MapError, ValueError), match="created_at"):
        to_clean_company(row)


def test_a_deal_names_its_stage_and_pipeline() -> None:
    stamps = {"created_at": STAMPS["created_at"], "last_updated_date": STAMPS["last_updated_at"]}
    told = {"deal_name": "D", "pipeline": "p1", "deal_stage": "s1", "amount": 12, "last_activity_date": None}
    row = ApiDeal.model_validate({"id": "d1", "attributes": {**stamps, **told}, "linkedCompaniesIds": ["c1"]})
    clean = to_clean_deal(row)
    assert (clean.name, clean.pipeline_id, clean.stage_id) == ("D", "p1", "s1")
    assert (clean.amount, clean.last_activity_at, clean.company_ids) == (Decimal(12), None, ["c1"])


def test_lines_of_an_order_are_records_and_billing_is_columns() -> None:
    line = {"productId": 21, "quantity": 0.5, "price": 99.99, "variantId": "P100"}
    clean = to_clean_order(order(products=[line], billing={"countryCode": "FR", "postCode": 1000}))
    assert clean.lines == [
        OrderLine(product_id="21", variant_id="P100", quantity=Decimal("0.5"), price=Decimal("99.99"))
    ]
    assert (clean.billing_country_code, clean.billing_post_code, clean.billing_city) == ("FR", "1000", None)
    assert to_clean_order(order()).billing_country_code is None


@pytest.mark.parametrize(
    ("value", "kept"), [(1000 / 3, "333.333333333"), (12, "12"), (Decimal("0.1"), "0.1"), (49.95, "49.95")]
)
def test_an_amount_has_nine_decimals_at_most(value: Any, kept: str) -> None:
    assert amount(value) == Decimal(kept)


def test_a_product_that_does_not_say_so_is_not_deleted() -> None:
    clean = to_clean_product(ApiProduct.model_validate(brevo_truth_more.SAMPLES["products"]))
    assert (clean.is_deleted, clean.price, clean.category_ids, clean.meta) == (False, None, [], None)


def test_every_column_of_every_table_has_a_meaning() -> None:
    for task in app.workflow.tasks:
        assert all(column.description for column in task.into.columns), task.name


def test_a_run_asks_again_for_what_may_still_change() -> None:
    tasks = {task.name: task for task in app.workflow.tasks}
    again = {name: task.windows.refetch for name, task in tasks.items() if task.windows is not None}
    back = {name: task.cursor.lookback for name, task in tasks.items() if task.cursor is not None}
    hour = timedelta(hours=1)
    assert again == {"events": 3, "sms_events": 3, "reports": 7}
    assert back == {
        "contacts": hour, "companies": hour, "deals": hour, "orders": timedelta(days=1), "products": hour,
        "categories": hour,
    }  # fmt: skip
    assert {name for name, task in tasks.items() if task.into.delete_vanished} == {"segments"}


def test_addresses_and_numbers_are_marked_as_personal_where_they_are_read_and_where_they_are_kept() -> None:
    known = {"email", "sender_email", "phone_number", "ip", "link", "reply", "attributes"}
    modules = (schemas, schemas_sales, schemas_shop, schemas_sms)
    reads = [each for module in modules for each in vars(module).values() if _is_contract(each)]
    found = [
        f"{each.__name__}.{name}: {any(isinstance(mark, Personal) for mark in field.metadata)}"
        for each in reads
        for name, field in each.model_fields.items()
        if name in known
    ]
    assert len(found) > 10
    assert [each for each in found if not each.endswith("True")] == []
    kept = [(each.name, each.personal) for task in app.workflow.tasks for each in task.into.columns]
    assert [name for name, personal in kept if name in known and not personal] == []


def _is_contract(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, ReadContract) and value is not ReadContract
