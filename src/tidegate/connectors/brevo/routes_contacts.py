"""Contacts, and what they are grouped in."""

from __future__ import annotations

from datetime import datetime

from tidegate.connectors.brevo.checks import check_aware
from tidegate.connectors.brevo.routes import Routes
from tidegate.connectors.brevo.schemas import ApiContact, ApiFolder, ApiList, ApiSegment
from tidegate.http_tools.clients import Call


class ContactRoutes(Routes):
    def get_contacts(self, modified_since: datetime | None = None) -> Call[ApiContact]:
        """Contacts in order of creation: all, or those modified after `modified_since`."""
        check_aware(modified_since)
        params = {"modifiedSince": modified_since}
        return self._listing("/contacts", ApiContact, "contacts", limit=1000, params=params)

    def get_lists(self) -> Call[ApiList]:
        """All lists of contacts, with how many contacts each has now."""
        return self._listing("/contacts/lists", ApiList, "lists", limit=50)

    def get_folders(self) -> Call[ApiFolder]:
        """All folders of lists, with how many contacts each has now."""
        return self._listing("/contacts/folders", ApiFolder, "folders", limit=50)

    def get_segments(self) -> Call[ApiSegment]:
        """All segments: queries over contacts that have a name."""
        return self._listing("/contacts/segments", ApiSegment, "segments", limit=50)
