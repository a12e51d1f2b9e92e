"""What SendGrid sends: the read contracts.

Source of facts: the vendor's OpenAPI files (v3) and their examples; of exported contacts, what users report.
Enumerations are `str`: a new status must not break a run. Keys that nothing loads are named as left out.
Those of the statistics are in `stats.py`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

from tidegate.contracts.base import ReadContract
from tidegate.contracts.normalising import EmptyToNone, EpochSeconds, ZeroOne
from tidegate.contracts.personal import Personal

_NO_ZONE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)


def _in_utc(value: Any) -> Any:
    return f"{value}Z" if isinstance(value, str) and _NO_ZONE.fullmatch(value) else value


# Templates say `2020-11-12 12:00:09`: no T and no zone, which is taken for UTC.
UtcText = Annotated[AwareDatetime, BeforeValidator(_in_utc)]


class ApiCampaign(ReadContract, left_out=("html_content", "plain_content")):
    """One item of `GET /v3/campaigns`: the legacy Marketing Campaigns, without any date."""

    id: int
    title: str
    status: str
    subject: str | None = None
    sender_id: int | None = None
    list_ids: list[int] | None = None
    segment_ids: list[int] | None = None
    categories: list[str] | None = None
    suppression_group_id: int | None = None
    custom_unsubscribe_url: EmptyToNone[str] = None
    ip_pool: EmptyToNone[str] = None
    editor: str | None = None


class ApiAbTest(ReadContract):
    type: str
    winner_criteria: str
    test_percentage: int
    duration: str
    winning_template_id: EmptyToNone[str] = None
    winner_selected_at: EmptyToNone[str] = None
    expiration_date: EmptyToNone[str] = None


class ApiSingleSend(ReadContract):
    """One item of `GET /v3/marketing/singlesends`."""

    id: str
    name: str
    status: str
    categories: list[str]
    is_abtest: bool
    abtest: ApiAbTest | None  # the key is always there
    send_at: EmptyToNone[AwareDatetime] = None
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ApiList(ReadContract, left_out=("_metadata",)):
    """One item of `GET /v3/marketing/lists`."""

    id: str
    name: str
    contact_count: int


class ApiTemplateVersion(
    ReadContract,
    left_out=("html_content", "plain_content", "generate_plain_content", "template_id", "thumbnail_url"),
):
    id: str
    name: str
    active: ZeroOne
    subject: EmptyToNone[str] = None
    editor: str | None = None
    updated_at: UtcText


class ApiTemplate(ReadContract):
    """One item of `GET /v3/templates`."""

    id: str
    name: str
    generation: str
    updated_at: UtcText
    versions: list[ApiTemplateVersion] | None = None


class ApiBounce(ReadContract):
    """One item of `GET /v3/suppression/bounces`, and of `/blocks`."""

    created: EpochSeconds
    email: Annotated[str, Personal()]
    reason: Annotated[str | None, Personal()] = None  # what mail servers answer names the mailbox
    status: EmptyToNone[str] = None


class ApiInvalidEmail(ReadContract):
    """One item of `GET /v3/suppression/invalid_emails`."""

    created: EpochSeconds
    email: Annotated[str, Personal()]
    reason: Annotated[str | None, Personal()] = None


class ApiSpamReport(ReadContract):
    """One item of `GET /v3/suppression/spam_reports`."""

    created: EpochSeconds
    email: Annotated[str, Personal()]
    ip: Annotated[str | None, Personal()]


class ApiUnsubscribe(ReadContract):
    """One item of `GET /v3/suppression/unsubscribes`."""

    created: EpochSeconds
    email: Annotated[str, Personal()]


class ApiMessage(ReadContract, left_out=("last_timestamp",)):
    """One item of `GET /v3/messages`. Its counts and its last event change as long as anything happens."""

    msg_id: str
    from_email: Annotated[str, Personal()]
    to_email: Annotated[str, Personal()]
    subject: str
    status: str
    opens_count: int
    clicks_count: int
    last_event_time: AwareDatetime


class ApiContact(ReadContract):
    """One line of an export's JSON file. What a contact does not have is left out."""

    contact_id: str  # `id` everywhere else
    email: Annotated[str | None, Personal()] = None
    first_name: Annotated[str | None, Personal()] = None
    last_name: Annotated[str | None, Personal()] = None
    unique_name: Annotated[str | None, Personal()] = None
    alternate_emails: Annotated[list[str] | None, Personal()] = None
    phone_number: Annotated[str | None, Personal()] = None
    whatsapp: Annotated[str | None, Personal()] = None
    line: Annotated[str | None, Personal()] = None
    facebook: Annotated[str | None, Personal()] = None
    phone_number_id: Annotated[str | None, Personal()] = None
    external_id: Annotated[str | None, Personal()] = None
    anonymous_id: Annotated[str | None, Personal()] = None
    address_line_1: Annotated[str | None, Personal()] = None
    address_line_2: Annotated[str | None, Personal()] = None
    city: Annotated[str | None, Personal()] = None
    state_province_region: str | None = None
    postal_code: Annotated[str | None, Personal()] = None
    country: str | None = None
    custom_fields: Annotated[dict[str, Any] | None, Personal()] = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
