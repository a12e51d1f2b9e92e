"""The read contracts of events and campaigns as plain Pydantic, for tools that take a model."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class ApiEvent(BaseModel):
    event: str
    email: str
    date: datetime
    message_id: str = Field(alias="messageId")
    subject: str | None = None
    reason: str | None = None
    tag: str | None = None
    ip: str | None = None
    link: str | None = None
    from_: str | None = Field(default=None, alias="from")
    template_id: int | None = Field(default=None, alias="templateId")


class ApiSender(BaseModel):
    id: str | None = Field(default=None, coerce_numbers_to_str=True)
    name: str | None = None
    email: str | None = None


class ApiRecipients(BaseModel):
    lists: list[int]
    exclusion_lists: list[int] = Field(alias="exclusionLists")


class ApiGlobalStats(BaseModel):
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


class ApiStatistics(BaseModel):
    global_stats: ApiGlobalStats | None = Field(default=None, alias="globalStats")


class ApiCampaign(BaseModel):
    id: int
    name: str
    type: str
    status: str
    subject: str | None = None
    tag: str | None = None
    sender: ApiSender
    recipients: ApiRecipients
    statistics: ApiStatistics
    created_at: datetime = Field(alias="createdAt")
    modified_at: datetime = Field(alias="modifiedAt")
    sent_date: datetime | None = Field(default=None, alias="sentDate")


MODELS: dict[str, Any] = {"events": ApiEvent, "campaigns": ApiCampaign}
