"""What Brevo sends of SMS: the read contracts. See `schemas.py`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from tidegate.connectors.brevo.schemas import ApiRecipients
from tidegate.contracts.base import ReadContract
from tidegate.contracts.normalising import EmptyToNone
from tidegate.contracts.personal import Personal


class ApiSmsStatistics(ReadContract):
    sent: int
    delivered: int
    processing: int
    answered: int
    soft_bounces: int = Field(alias="softBounces")
    hard_bounces: int = Field(alias="hardBounces")
    unsubscriptions: int


class ApiSmsCampaign(ReadContract, left_out=("testSent",)):
    """One item of `GET /smsCampaigns`."""

    id: int
    name: str
    status: str
    content: str
    sender: str
    recipients: ApiRecipients
    statistics: ApiSmsStatistics
    created_at: AwareDatetime = Field(alias="createdAt")
    modified_at: AwareDatetime = Field(alias="modifiedAt")
    scheduled_at: EmptyToNone[AwareDatetime] = Field(default=None, alias="scheduledAt")
    # Not in the declaration, and in every example.
    sent_date: EmptyToNone[AwareDatetime] = Field(default=None, alias="sentDate")


class ApiSmsEvent(ReadContract):
    """One item of `GET /transactionalSMS/statistics/events`. It has no id, and two may be equal.

    No key is declared as required; those that every example has are here.
    """

    event: str
    # Declared a string, a number in the example.
    phone_number: Annotated[str, Field(coerce_numbers_to_str=True), Personal()] = Field(alias="phoneNumber")
    date: AwareDatetime
    message_id: Annotated[str, Field(coerce_numbers_to_str=True)] = Field(alias="messageId")
    reason: Annotated[str | None, Personal()] = None
    reply: Annotated[str | None, Personal()] = None
    tag: str | None = None
