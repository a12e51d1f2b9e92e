"""What the warehouse holds of SendGrid: the write contracts. Those of the statistics are in `stats.py`.

No column has a default: a transform that forgets one does not pass the type checker.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from tidegate.contracts.base import WriteContract
from tidegate.contracts.personal import Personal

_ADDRESS = "Address of the recipient"
_DOMAIN = "Domain of the address in lower case"


class CleanCampaign(WriteContract):
    """One campaign of the legacy Marketing Campaigns. The API tells no date of it, and no counts."""

    campaign_id: int = Field(description="SendGrid's id of the campaign")
    title: str = Field(description="Title of the campaign, as its authors see it")
    status: str = Field(description="Status in lower case: draft, scheduled, sent, ...")
    subject: str | None = Field(description="Subject line")
    sender_id: int | None = Field(description="SendGrid's id of the sender")
    list_ids: list[int] = Field(description="Ids of the legacy contact lists that it goes to")
    segment_ids: list[int] = Field(description="Ids of the legacy segments that it goes to")
    categories: list[str] = Field(description="Categories, which its counts are found under")
    suppression_group_id: int | None = Field(description="Group of which recipients may unsubscribe")
    custom_unsubscribe_url: str | None = Field(description="Where recipients unsubscribe instead of a group")
    ip_pool: str | None = Field(description="Pool of IP addresses that it is sent from")
    editor: str | None = Field(description="How it was written: code or design")


class CleanSingleSend(WriteContract):
    """One single send of Marketing Campaigns. Those deleted at SendGrid stay: their counts name them."""

    single_send_id: str = Field(description="SendGrid's id of the single send")
    name: str = Field(description="Name of the single send, as its authors see it")
    status: str = Field(description="draft, scheduled or triggered")
    categories: list[str] = Field(description="Categories of the single send")
    is_abtest: bool = Field(description="Whether it is an A/B test")
    abtest_type: str | None = Field(description="What differs in the A/B test: subject or content")
    abtest_winner_criteria: str | None = Field(description="What decides the A/B test: open, click or manual")
    abtest_percentage: int | None = Field(description="Percentage of the recipients in the A/B test")
    abtest_duration: str | None = Field(description="How long the A/B test lasts, as SendGrid writes it")
    abtest_winning_template_id: str | None = Field(description="Template that won the A/B test")
    abtest_winner_selected_at: str | None = Field(
        description="When the winner was selected, as SendGrid writes it"
    )
    abtest_expiration_date: str | None = Field(
        description="Last day to select a winner, as SendGrid writes it"
    )
    send_at: AwareDatetime | None = Field(description="When it is to be sent; null where unscheduled")
    created_at: AwareDatetime = Field(description="When the single send was created")
    updated_at: AwareDatetime = Field(description="When the single send itself was last changed")


class CleanList(WriteContract):
    """One contact list of Marketing Campaigns. Lists that are gone at SendGrid are gone here."""

    list_id: str = Field(description="SendGrid's id of the list")
    name: str = Field(description="Name of the list")
    contact_count: int = Field(description="Contacts in the list when it was asked for")


class CleanTemplateVersion(WriteContract):
    """One version of a template."""

    version_id: str = Field(description="SendGrid's id of the version")
    name: str = Field(description="Name of the version")
    is_active: bool = Field(description="Whether emails are sent with this version")
    subject: str | None = Field(description="Subject line, placeholders included")
    editor: str | None = Field(description="How it was written: code or design")
    updated_at: AwareDatetime = Field(description="When the version was last changed")


class CleanTemplate(WriteContract):
    """One transactional template. Templates deleted at SendGrid stay."""

    template_id: str = Field(description="SendGrid's id of the template")
    name: str = Field(description="Name of the template, as its authors see it")
    generation: str = Field(description="legacy or dynamic")
    updated_at: AwareDatetime = Field(description="When the template was last changed; taken for UTC")
    versions: list[CleanTemplateVersion] = Field(description="Its versions, one of them active at most")


class CleanBounce(WriteContract):
    """One address that emails bounced off. Addresses taken off the list go with a full refresh."""

    email: Annotated[str, Personal()] = Field(description=_ADDRESS)
    email_domain: str | None = Field(description=_DOMAIN)
    created_at: AwareDatetime = Field(description="When the address came on the list, to the second")
    reason: Annotated[str | None, Personal()] = Field(description="What the recipient's server answered")
    status: str | None = Field(description="Enhanced status code, such as 5.1.1")


class CleanBlock(WriteContract):
    """One address whose server refused an email. Addresses taken off the list go with a full refresh."""

    email: Annotated[str, Personal()] = Field(description=_ADDRESS)
    email_domain: str | None = Field(description=_DOMAIN)
    created_at: AwareDatetime = Field(description="When the address came on the list, to the second")
    reason: Annotated[str | None, Personal()] = Field(description="Why the email was refused")
    status: str | None = Field(description="Enhanced status code, such as 4.0.0")


class CleanInvalidEmail(WriteContract):
    """One address that is none. Addresses taken off the list go with a full refresh."""

    email: Annotated[str, Personal()] = Field(description="The address, as it was written")
    email_domain: str | None = Field(description=_DOMAIN)
    created_at: AwareDatetime = Field(description="When the address came on the list, to the second")
    reason: Annotated[str | None, Personal()] = Field(description="What is wrong with it")


class CleanSpamReport(WriteContract):
    """One report of an email as spam. Addresses taken off the list go with a full refresh."""

    email: Annotated[str, Personal()] = Field(description=_ADDRESS)
    email_domain: str | None = Field(description=_DOMAIN)
    created_at: AwareDatetime = Field(description="When the address came on the list, to the second")
    ip: Annotated[str | None, Personal()] = Field(description="IP address that the email was sent from")


class CleanUnsubscribe(WriteContract):
    """One recipient who wants no email at all. Addresses taken off the list go with a full refresh."""

    email: Annotated[str, Personal()] = Field(description=_ADDRESS)
    email_domain: str | None = Field(description=_DOMAIN)
    created_at: AwareDatetime = Field(description="When the address came on the list, to the second")


class CleanMessage(WriteContract):
    """One email to one recipient, as it stood at its last event that was fetched."""

    message_id: str = Field(description="SendGrid's id of the message to this recipient")
    from_email: Annotated[str, Personal()] = Field(description="Address that the email was sent from")
    to_email: Annotated[str, Personal()] = Field(description=_ADDRESS)
    to_domain: str | None = Field(description="Domain of the recipient's address in lower case")
    subject: str = Field(description="Subject line")
    status: str = Field(description="processed, delivered or not_delivered")
    opens: int = Field(description="Openings, repeated ones included")
    clicks: int = Field(description="Clicks, repeated ones included")
    last_event_at: AwareDatetime = Field(description="When something last happened to it, to the second")


class CleanContact(WriteContract):
    """One contact of Marketing Campaigns. Contacts that are gone at SendGrid are gone here."""

    contact_id: str = Field(description="SendGrid's id of the contact")
    email: Annotated[str | None, Personal()] = Field(description="Address; null for one known otherwise")
    email_domain: str | None = Field(description=_DOMAIN)
    first_name: Annotated[str | None, Personal()] = Field(description="First name")
    last_name: Annotated[str | None, Personal()] = Field(description="Last name")
    unique_name: Annotated[str | None, Personal()] = Field(description="Name that no other contact has")
    alternate_emails: Annotated[list[str], Personal()] = Field(description="Further addresses")
    phone_number: Annotated[str | None, Personal()] = Field(description="Telephone number")
    whatsapp: Annotated[str | None, Personal()] = Field(description="WhatsApp account")
    line: Annotated[str | None, Personal()] = Field(description="LINE account")
    facebook: Annotated[str | None, Personal()] = Field(description="Facebook account")
    phone_number_id: Annotated[str | None, Personal()] = Field(
        description="Telephone number that it is told by"
    )
    external_id: Annotated[str | None, Personal()] = Field(description="The account's own id of the contact")
    anonymous_id: Annotated[str | None, Personal()] = Field(description="Id of a visitor without a name")
    address_line_1: Annotated[str | None, Personal()] = Field(description="Street and number")
    address_line_2: Annotated[str | None, Personal()] = Field(description="More of the address")
    city: Annotated[str | None, Personal()] = Field(description="City")
    state_province_region: str | None = Field(description="State, province or region")
    postal_code: Annotated[str | None, Personal()] = Field(description="Postal code")
    country: str | None = Field(description="Country")
    custom_fields: Annotated[dict[str, Any], Personal()] = Field(description="The account's own fields")
    created_at: AwareDatetime = Field(description="When the contact was created")
    updated_at: AwareDatetime = Field(description="When the contact was last changed")
