"""The whole account: everything made from one seed, each listing when it is first needed."""

from __future__ import annotations

from datetime import date
from functools import cached_property

from tidegate.sandbox.brevo.blocked import make_blocked
from tidegate.sandbox.brevo.campaigns import make_campaigns
from tidegate.sandbox.brevo.clock import AccountClock
from tidegate.sandbox.brevo.contacts import make_contacts
from tidegate.sandbox.brevo.event_log import EventLog
from tidegate.sandbox.brevo.event_plan import plan_days
from tidegate.sandbox.brevo.event_rows import EventWriter
from tidegate.sandbox.brevo.groups import make_folders, make_lists, make_segments, make_senders
from tidegate.sandbox.brevo.sales import make_companies, make_deals
from tidegate.sandbox.brevo.shop import make_categories, make_orders, make_products
from tidegate.sandbox.brevo.sms import make_sms_campaigns, make_sms_events
from tidegate.sandbox.brevo.table import Table
from tidegate.sandbox.brevo.templates import make_templates
from tidegate.sandbox.people import People


class Store:
    """The same seed, rows, days and start give the same bytes, in whatever order they are asked for."""

    def __init__(self, seed: int, rows: int, days: int, clock: AccountClock) -> None:
        if rows < 0 or days < 1:
            raise ValueError("rows must not be negative, days must be 1 or more")
        self.clock = clock
        self.seed = seed
        self._rows = rows
        self._days = days
        self.people = People(seed)  # who the contacts are, also those that churn adds
        self._contact_count = max(50, rows // 10)

    @cached_property
    def campaigns(self) -> Table:
        """20 to 400 campaigns."""
        count = min(max(20, self._rows // 50), 400)
        return Table(make_campaigns(self.seed, count, self.clock.start_ms))

    @cached_property
    def templates(self) -> Table:
        """10 to 120 templates."""
        count = min(max(10, self._rows // 100), 120)
        return Table(make_templates(self.seed, count, self.clock.start_ms))

    @cached_property
    def contacts(self) -> Table:
        """A tenth as many as there are events, 50 at least."""
        return Table(make_contacts(self.seed, self.people, self._contact_count, self.clock.start_ms))

    @cached_property
    def folders(self) -> Table:
        return Table(make_folders(self.seed))

    @cached_property
    def lists(self) -> Table:
        return Table(make_lists(self.seed))

    @cached_property
    def segments(self) -> Table:
        return Table(make_segments(self.seed, self.clock.start_ms))

    @cached_property
    def senders(self) -> Table:
        return Table(make_senders(self.seed))

    @cached_property
    def blocked_contacts(self) -> Table:
        """5 to 2000."""
        count = min(max(5, self._rows // 40), 2000)
        return Table(make_blocked(self.seed, self.people, count, self.clock.start_ms))

    @cached_property
    def sms_campaigns(self) -> Table:
        """5 to 60."""
        return Table(make_sms_campaigns(self.seed, min(max(5, self._rows // 200), 60), self.clock.start_ms))

    @cached_property
    def sms_events(self) -> dict[date, list[bytes]]:
        """A twentieth as many as there are events, one a day at least; by account-local day."""
        return make_sms_events(self.seed, self._rows // 20, self._days, self.clock.start_ms)

    @cached_property
    def companies(self) -> Table:
        """5 to 1000."""
        return Table(make_companies(self.seed, min(max(5, self._rows // 50), 1000), self.clock.start_ms))

    @cached_property
    def deals(self) -> Table:
        """5 to 1000."""
        return Table(make_deals(self.seed, min(max(5, self._rows // 60), 1000), self.clock.start_ms))

    @cached_property
    def orders(self) -> Table:
        """10 to 2000."""
        count = min(max(10, self._rows // 40), 2000)
        return Table(make_orders(self.seed, self.people, count, self.clock.start_ms))

    @cached_property
    def products(self) -> Table:
        """10 to 2000."""
        return Table(make_products(self.seed, min(max(10, self._rows // 50), 2000), self.clock.start_ms))

    @cached_property
    def categories(self) -> Table:
        return Table(make_categories(self.seed, self.clock.start_ms))

    @cached_property
    def events(self) -> EventLog:
        """The events; their rows come day by day."""
        # The templates of the start, not those of today: events must not depend on what churn changed before.
        templates = make_templates(self.seed, len(self.templates.rows), self.clock.start_ms)
        writer = EventWriter(self.seed, self.people, self._contact_count, templates)
        return EventLog(self.seed, writer, plan_days(self._rows, self._days, self.clock.start_ms))
