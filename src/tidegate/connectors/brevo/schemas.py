"""What Brevo sends of emails and contacts: the read contracts. SMS and sales have modules of their own.

Source of facts: Brevo API v3 reference, February 2026. The reference declares every date a plain string and
its own examples break its own types ("Classic", 23 for a string), so these contracts hold Brevo to the keys
that are loaded and coerce values. Enumerations are `str`: a new status must not break a run. Keys that
nothing loads are named as left out.
"""

from __future__ import annotations

from datetime import date as Date  # noqa: N812  a field is called date
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from tidegate.contracts.base import ReadContract
from tidegate.contracts.normalising import EmptyToNone
from tidegate.contracts.personal import Personal


class ApiSender(ReadContract):
    # Declared an integer for campaigns and a string for templates, whose example is an integer. A string
    # holds them all, and nobody counts with an identifier.
    id: Annotated[str, Field(coerce_numbers_to_str=True)] | None = None
    name: Annotated[str | None, Personal()] = None
    email: Annotated[str | None, Personal()] = None


class ApiRecipients(ReadContract):
    lists: list[int]
    exclusion_lists: list[int] = Field(alias="exclusionLists")


class ApiGlobalStats(ReadContract, left_out=("returnBounce", "opensRate", "trackableViewsRate")):
    """Every key may be missing: `deferred` is, in the examples."""

    sent: int | None = None
    delivered: int | None = None
    deferred: int | None = None
    soft_bounces: int | None = Field(default=None, alias="softBounces")
    hard_bounces: int | None = Field(default=None, alias="hardBounces")
    viewed: int | None = None
    unique_views: int | None = Field(default=None, alias="uniqueViews")
    trackable_views: int | None = Field(default=None, alias="trackableViews")
    estimated_views: int | None = Field(default=None, alias="estimatedViews")
    apple_mpp_opens: int | None = Field(default=None, alias="appleMppOpens")
    clickers: int | None = None
    unique_clicks: int | None = Field(default=None, alias="uniqueClicks")
    unsubscriptions: int | None = None
    complaints: int | None = None


class ApiCampaignStatistics(
    ReadContract,
    left_out=(
        "campaignStats",
        "mirrorClick",
        "remaining",
        "linksStats",
        "statsByDomain",
        "statsByBrowser",
        "statsByDevice",
    ),
):
    """Holds what the parameter `statistics` asked for, hence no required key."""

    global_stats: ApiGlobalStats | None = Field(default=None, alias="globalStats")


class ApiCampaign(
    ReadContract,
    left_out=(
        "abTesting",
        "footer",
        "header",
        "htmlContent",
        "inlineImageActivation",
        "mirrorActive",
        "previewText",
        "recurring",
        "replyTo",
        "shareLink",
        "splitRule",
        "testSent",
        "toField",
        "winnerCriteria",
        "winnerDelay",
    ),
):
    """One item of `GET /emailCampaigns`."""

    id: int
    name: str
    type: str
    status: str
    # `subject` is only there without, `subjectA` and `subjectB` only with an A/B test.
    subject: str | None = None
    subject_a: str | None = Field(default=None, alias="subjectA")
    subject_b: str | None = Field(default=None, alias="subjectB")
    tag: str | None = None
    sender: ApiSender
    recipients: ApiRecipients
    statistics: ApiCampaignStatistics
    created_at: AwareDatetime = Field(alias="createdAt")
    modified_at: AwareDatetime = Field(alias="modifiedAt")
    # A campaign without a schedule comes with `scheduledAt: ""`.
    scheduled_at: EmptyToNone[AwareDatetime] = Field(default=None, alias="scheduledAt")
    sent_date: EmptyToNone[AwareDatetime] = Field(default=None, alias="sentDate")


class ApiTemplate(ReadContract, left_out=("htmlContent", "replyTo", "testSent", "toField")):
    """One item of `GET /smtp/templates`."""

    id: int
    name: str
    subject: str
    is_active: bool = Field(alias="isActive")
    tag: str | None  # the key is always there; a template without a tag must not stop a run
    sender: ApiSender
    created_at: AwareDatetime = Field(alias="createdAt")
    modified_at: AwareDatetime = Field(alias="modifiedAt")


class ApiEvent(ReadContract):
    """One item of `GET /smtp/statistics/events`. It has no id, and two may be equal in every field."""

    event: str
    email: Annotated[str, Personal()]
    date: AwareDatetime
    message_id: str = Field(alias="messageId")
    subject: str | None = None
    reason: Annotated[str | None, Personal()] = None  # what mail servers answer names the mailbox
    tag: str | None = None
    ip: Annotated[str | None, Personal()] = None
    link: Annotated[str | None, Personal()] = None  # links to recipients carry addresses and tokens
    from_: Annotated[str | None, Personal()] = Field(default=None, alias="from")
    template_id: int | None = Field(default=None, alias="templateId")


class ApiContact(ReadContract):
    """One item of `GET /contacts`."""

    id: int
    email: Annotated[str | None, Personal()] = None  # a contact may have a phone number only
    email_blacklisted: bool = Field(alias="emailBlacklisted")
    sms_blacklisted: bool = Field(alias="smsBlacklisted")
    list_ids: list[int] = Field(alias="listIds")
    # Only where the account lets contacts leave single lists.
    list_unsubscribed: list[int] | None = Field(default=None, alias="listUnsubscribed")
    attributes: Annotated[dict[str, Any], Personal()]  # names, telephone numbers and all else
    created_at: AwareDatetime = Field(alias="createdAt")
    modified_at: AwareDatetime = Field(alias="modifiedAt")


class ApiSenderIdentity(ReadContract, left_out=("ips",)):
    """One item of `GET /senders`."""

    id: Annotated[str, Field(coerce_numbers_to_str=True)]  # as text, like the sender of a campaign
    name: Annotated[str, Personal()]
    email: Annotated[str, Personal()]
    active: bool


class ApiEmailReport(ReadContract):
    """One item of `GET /smtp/statistics/reports`: a day."""

    date: Date
    requests: int
    delivered: int
    hard_bounces: int = Field(alias="hardBounces")
    soft_bounces: int = Field(alias="softBounces")
    clicks: int
    unique_clicks: int = Field(alias="uniqueClicks")
    opens: int
    unique_opens: int = Field(alias="uniqueOpens")
    spam_reports: int = Field(alias="spamReports")
    blocked: int
    invalid: int
    unsubscribed: int


class ApiBlockReason(ReadContract):
    """Both keys are declared optional."""

    code: str | None = None
    message: str | None = None


class ApiBlockedContact(ReadContract):
    """One item of `GET /smtp/blockedContacts`. It has no id."""

    email: Annotated[str, Personal()]
    sender_email: Annotated[str, Personal()] = Field(alias="senderEmail")
    reason: ApiBlockReason
    blocked_at: AwareDatetime = Field(alias="blockedAt")


class ApiFolder(ReadContract):
    """One item of `GET /contacts/folders`."""

    id: int
    name: str
    total_blacklisted: int = Field(alias="totalBlacklisted")
    total_subscribers: int = Field(alias="totalSubscribers")
    unique_subscribers: int = Field(alias="uniqueSubscribers")


class ApiList(ApiFolder):
    """One item of `GET /contacts/lists`."""

    folder_id: int = Field(alias="folderId")


class ApiSegment(ReadContract):
    """One item of `GET /contacts/segments`."""

    id: int
    segment_name: str = Field(alias="segmentName")
    category_name: str = Field(alias="categoryName")
    updated_at: EmptyToNone[AwareDatetime] = Field(default=None, alias="updatedAt")
