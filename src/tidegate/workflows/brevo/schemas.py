"""What the warehouse holds of Brevo's emails, SMS and contacts: the write contracts.

No column has a default: a transform that forgets one does not pass the type checker.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from tidegate.contracts.base import WriteContract
from tidegate.contracts.personal import Personal


class CleanCampaign(WriteContract):
    """One email campaign. The counts are those of the events that Brevo still counts: the last six months."""

    campaign_id: int = Field(description="Brevo's id of the campaign")
    name: str = Field(description="Name of the campaign, as its authors see it")
    type: str = Field(description="Type in lower case: classic or trigger")
    status: str = Field(description="draft, sent, archive, queued, suspended, in_process, ...")
    subject: str | None = Field(description="Subject line; null for an A/B test")
    subject_a: str | None = Field(description="Subject line of version A of an A/B test")
    subject_b: str | None = Field(description="Subject line of version B of an A/B test")
    tag: str | None = Field(description="Tag of the campaign")
    sender_id: str | None = Field(description="Brevo's id of the sender")
    sender_name: Annotated[str | None, Personal()] = Field(description="Name that the email is sent under")
    sender_email: Annotated[str | None, Personal()] = Field(description="Address that the email is sent from")
    list_ids: list[int] = Field(description="Ids of the contact lists that it goes to")
    excluded_list_ids: list[int] = Field(description="Ids of the contact lists that it does not go to")
    created_at: AwareDatetime = Field(description="When the campaign was created")
    modified_at: AwareDatetime = Field(
        description="When the campaign itself was last modified; the counts change without it"
    )
    scheduled_at: AwareDatetime | None = Field(description="When it is to be sent; null where unscheduled")
    sent_at: AwareDatetime | None = Field(description="When it was sent; null before")
    sent: int | None = Field(description="Emails sent")
    delivered: int | None = Field(description="Emails delivered")
    deferred: int | None = Field(description="Emails deferred")
    soft_bounces: int | None = Field(description="Emails that bounced for now")
    hard_bounces: int | None = Field(description="Emails that bounced for good")
    opens: int | None = Field(description="Openings, repeated ones included")
    unique_opens: int | None = Field(description="Openings, one for each recipient")
    trackable_opens: int | None = Field(description="Openings by recipients without mail privacy protection")
    estimated_opens: int | None = Field(
        description="Openings that Brevo estimates from recipients without mail privacy protection"
    )
    apple_mpp_opens: int | None = Field(description="Automatic openings by Apple's Mail Privacy Protection")
    clicks: int | None = Field(description="Clicks, repeated ones included")
    unique_clicks: int | None = Field(description="Clicks, one for each recipient")
    unsubscriptions: int | None = Field(description="Recipients who unsubscribed")
    complaints: int | None = Field(description="Recipients who reported the email as spam")


class CleanTemplate(WriteContract):
    """One template of transactional emails. Templates deleted at Brevo stay: events still name them."""

    template_id: int = Field(description="Brevo's id of the template")
    name: str = Field(description="Name of the template, as its authors see it")
    subject: str = Field(description="Subject line, placeholders included")
    is_active: bool = Field(description="Whether emails can be sent with it")
    tag: str | None = Field(description="Tag of the template")
    sender_id: str | None = Field(description="Brevo's id of the sender")
    sender_name: Annotated[str | None, Personal()] = Field(description="Name that the email is sent under")
    sender_email: Annotated[str | None, Personal()] = Field(description="Address that the email is sent from")
    created_at: AwareDatetime = Field(description="When the template was created")
    modified_at: AwareDatetime = Field(description="When the template was last modified")


class CleanEvent(WriteContract):
    """One thing that happened to one transactional email. Brevo gives events no id."""

    message_id: str = Field(description="Id of the email that the event is about; one email has many events")
    event_type: str = Field(
        description="requests, delivered, opened, clicks, hardBounces, ... in Brevo's spelling"
    )
    email: Annotated[str, Personal()] = Field(description="Address of the recipient")
    email_domain: str | None = Field(description="Domain of the recipient's address in lower case")
    occurred_at: AwareDatetime = Field(description="When the event happened")
    occurred_on: date = Field(description="UTC date on which the event happened")
    subject: str | None = Field(description="Subject line of the email")
    reason: Annotated[str | None, Personal()] = Field(description="Why the email bounced or was deferred")
    tag: str | None = Field(description="Tag of the email")
    ip: Annotated[str | None, Personal()] = Field(description="IP address that opened or clicked")
    link: Annotated[str | None, Personal()] = Field(
        description="Link that was clicked, or sent to the recipient"
    )
    sender: Annotated[str | None, Personal()] = Field(description="Address that the email was sent from")
    template_id: int | None = Field(description="Template that the email was made from, if any")


class CleanContact(WriteContract):
    """One contact."""

    contact_id: int = Field(description="Brevo's id of the contact")
    email: Annotated[str | None, Personal()] = Field(
        description="Address; null for a contact with a phone number only"
    )
    is_email_blacklisted: bool = Field(description="Whether the contact gets no email campaigns")
    is_sms_blacklisted: bool = Field(description="Whether the contact gets no SMS campaigns")
    list_ids: list[int] = Field(description="Ids of the lists that the contact is in")
    unsubscribed_list_ids: list[int] = Field(
        description="Ids of the lists that the contact left; empty where the account has no such setting"
    )
    attributes: Annotated[dict[str, Any], Personal()] = Field(
        description="The account's own attributes of the contact"
    )
    created_at: AwareDatetime = Field(description="When the contact was created")
    modified_at: AwareDatetime = Field(description="When the contact was last modified")


class CleanSender(WriteContract):
    """A name and address that emails are sent under. Those deleted at Brevo stay: campaigns name them."""

    sender_id: str = Field(description="Brevo's id of the sender, as campaigns name it")
    name: Annotated[str, Personal()] = Field(description="Name that emails are sent under")
    email: Annotated[str, Personal()] = Field(description="Address that emails are sent from")
    is_active: bool = Field(description="Whether emails can be sent under it")


class CleanEmailReport(WriteContract):
    """Transactional emails of one day, as Brevo counts them; `brevo_events_daily` counts the events."""

    day: date = Field(description="Day of the account's time zone")
    requests: int = Field(description="Emails that Brevo was asked to send")
    delivered: int = Field(description="Emails delivered")
    soft_bounces: int = Field(description="Emails that bounced for now")
    hard_bounces: int = Field(description="Emails that bounced for good")
    opens: int = Field(description="Openings, repeated ones included")
    unique_opens: int = Field(description="Openings, one for each email")
    clicks: int = Field(description="Clicks, repeated ones included")
    unique_clicks: int = Field(description="Clicks, one for each email")
    spam_reports: int = Field(description="Emails reported as spam")
    blocked: int = Field(description="Emails not sent because the recipient is blocked")
    invalid: int = Field(description="Emails not sent because the address is none")
    unsubscribed: int = Field(description="Recipients who unsubscribed")


class CleanBlockedContact(WriteContract):
    """One recipient who gets no transactional emails from one sender. Who is unblocked is in it no more."""

    email: Annotated[str, Personal()] = Field(description="Address of the recipient")
    sender_email: Annotated[str, Personal()] = Field(description="Sender whose emails are not sent there")
    reason_code: str | None = Field(description="hardBounce, unsubscribedViaEmail, adminBlocked, ...")
    reason: str | None = Field(description="The reason in words, which may change")
    blocked_at: AwareDatetime = Field(description="When the recipient was blocked")


class CleanFolder(WriteContract):
    """One folder of lists, with the counts of the last run. Deleted ones stay: lists name them.

    Brevo is giving all three counts up, and sends 0 for the totals then.
    """

    folder_id: int = Field(description="Brevo's id of the folder")
    name: str = Field(description="Name of the folder")
    total_blacklisted: int = Field(
        description="Contacts in its lists who get no email campaigns; 0 also where Brevo counts them no more"
    )
    total_subscribers: int = Field(
        description="Contacts in its lists who get them, as often as listed; 0 also where Brevo counts them"
        " no more"
    )
    unique_subscribers: int = Field(
        description="Contacts in its lists, each counted once; deprecated by Brevo"
    )


class CleanList(WriteContract):
    """One list of contacts, with the counts of the last run. Deleted ones stay: campaigns name them.

    Brevo is giving both totals up, and sends 0 then; `unique_subscribers` stays.
    """

    list_id: int = Field(description="Brevo's id of the list")
    folder_id: int = Field(description="Folder that the list is in")
    name: str = Field(description="Name of the list")
    total_blacklisted: int = Field(
        description="Contacts in it who get no email campaigns; 0 also where Brevo counts them no more"
    )
    total_subscribers: int = Field(
        description="Contacts in it who get them; 0 also where Brevo counts them no more"
    )
    unique_subscribers: int = Field(description="Contacts in it, each counted once")


class CleanSegment(WriteContract):
    """One segment: a query over contacts that has a name. Deleted ones go with the next run."""

    segment_id: int = Field(description="Brevo's id of the segment")
    name: str = Field(description="Name of the segment")
    category: str = Field(description="Name of the category that it is in")
    updated_at: AwareDatetime | None = Field(description="When the segment was last modified")


class CleanSmsCampaign(WriteContract):
    """One SMS campaign."""

    campaign_id: int = Field(description="Brevo's id of the campaign")
    name: str = Field(description="Name of the campaign, as its authors see it")
    status: str = Field(description="draft, sent, archive, queued, suspended, inProcess, ...")
    content: str = Field(description="Text of the message")
    sender: str = Field(description="Name or number that it is sent under")
    list_ids: list[int] = Field(description="Ids of the contact lists that it goes to")
    excluded_list_ids: list[int] = Field(description="Ids of the contact lists that it does not go to")
    created_at: AwareDatetime = Field(description="When the campaign was created")
    modified_at: AwareDatetime = Field(
        description="When the campaign itself was last modified; the counts change without it"
    )
    scheduled_at: AwareDatetime | None = Field(description="When it is to be sent; null where unscheduled")
    sent_at: AwareDatetime | None = Field(description="When it was sent; null before")
    sent: int = Field(description="Messages sent")
    delivered: int = Field(description="Messages delivered")
    processing: int = Field(description="Messages under way")
    answered: int = Field(description="Messages that were answered")
    soft_bounces: int = Field(description="Messages that bounced for now")
    hard_bounces: int = Field(description="Messages that bounced for good")
    unsubscriptions: int = Field(description="Recipients who unsubscribed")


class CleanSmsEvent(WriteContract):
    """One thing that happened to one transactional SMS. Brevo gives events no id."""

    message_id: str = Field(description="Id of the message that the event is about; one has many events")
    event_type: str = Field(description="sent, delivered, hardBounces, replies, ... in Brevo's spelling")
    phone_number: Annotated[str, Personal()] = Field(description="Number of the recipient")
    occurred_at: AwareDatetime = Field(description="When the event happened")
    occurred_on: date = Field(description="UTC date on which the event happened")
    tag: str | None = Field(description="Tag of the message")
    reason: Annotated[str | None, Personal()] = Field(description="Why the message bounced")
    reply: Annotated[str | None, Personal()] = Field(description="What the recipient answered")
