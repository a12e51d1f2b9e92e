"""Brevo's routes. Source of facts: Brevo API v3 reference, February 2026; `README.md` beside this file."""

from __future__ import annotations

from tidegate.connectors.brevo.routes_contacts import ContactRoutes
from tidegate.connectors.brevo.routes_email import EmailRoutes
from tidegate.connectors.brevo.routes_sales import SalesRoutes
from tidegate.connectors.brevo.routes_sms import SmsRoutes
from tidegate.http_tools.clients import HttpClient


class BrevoConnector(EmailRoutes, ContactRoutes, SmsRoutes, SalesRoutes):
    """Each method returns a `Call` that sends nothing yet; impossible dates raise `ValueError` at once.

    Every listing is asked for oldest first: Brevo's own order is newest first, where a row that arrives
    while the listing is read moves all the others.
    """

    def __init__(self, client: HttpClient) -> None:
        self.client = client
