"""What happens in the account between two requests: the listing that is being paged moves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from tidegate.sandbox import draws
from tidegate.sandbox.brevo.campaigns import edit_campaign
from tidegate.sandbox.brevo.contacts import edit_contact, make_contact
from tidegate.sandbox.brevo.groups import edit_list
from tidegate.sandbox.brevo.sales import edit_company, edit_deal, make_company
from tidegate.sandbox.brevo.shop import edit_order, edit_product, make_order
from tidegate.sandbox.brevo.sms import edit_sms_campaign
from tidegate.sandbox.brevo.store import Store
from tidegate.sandbox.brevo.templates import edit_template

Mutation = Callable[[Store, random.Random], None]


class Churn:
    """Decides by request number, mutates by step number. Whoever calls it holds the sandbox's lock."""

    def __init__(self, seed: int, rate: float) -> None:
        self._seed = seed
        self._steps = 0
        self.rate = rate

    def maybe(self, store: Store, request: int) -> None:
        """One mutation, with the probability `rate`."""
        if draws.stream(self._seed, "churn", request).random() < self.rate:
            self.step(store)

    def step(self, store: Store) -> str:
        """One mutation for certain; returns its name."""
        self._steps += 1
        rng = draws.stream(self._seed, "mutation", self._steps)
        mutate = rng.choices(_MUTATIONS, _WEIGHTS)[0]
        mutate(store, rng)
        return mutate.__name__

    def run(self, store: Store, steps: int) -> dict[str, int]:
        """So many mutations, counted by name."""
        return dict(Counter(self.step(store) for _ in range(steps)))


def contact_modified(store: Store, rng: random.Random) -> None:
    """Attributes and modifiedAt of one contact."""
    if store.contacts.rows:
        edit_contact(rng, rng.choice(store.contacts.rows), store.clock.now_ms())


def contact_created(store: Store, rng: random.Random) -> None:
    """A new contact at the end of the creation order, that is, at the top of the default listing."""
    now_ms = store.clock.now_ms()
    row = make_contact(rng, store.people, store.contacts.next_id(), now_ms, now_ms)
    store.contacts.rows.append(row)


def contact_deleted(store: Store, rng: random.Random) -> None:
    """Everything behind it moves up by one, the reason why offset pages may miss a row."""
    if store.contacts.rows:
        del store.contacts.rows[rng.randrange(len(store.contacts.rows))]


def campaign_modified(store: Store, rng: random.Random) -> None:
    """One campaign; those that waited are sent."""
    edit_campaign(rng, rng.choice(store.campaigns.rows), store.clock.now_ms())


def template_modified(store: Store, rng: random.Random) -> None:
    """One template."""
    edit_template(rng, rng.choice(store.templates.rows), store.clock.now_ms())


def list_counted(store: Store, rng: random.Random) -> None:
    """Contacts come and go."""
    edit_list(rng, rng.choice(store.lists.rows))


def sms_campaign_counted(store: Store, rng: random.Random) -> None:
    """Messages arrive."""
    edit_sms_campaign(rng, rng.choice(store.sms_campaigns.rows))


def company_modified(store: Store, rng: random.Random) -> None:
    """One company."""
    edit_company(rng, rng.choice(store.companies.rows), store.clock.now_ms())


def company_created(store: Store, rng: random.Random) -> None:
    """A new one at the end of the creation order."""
    now_ms = store.clock.now_ms()
    store.companies.rows.append(make_company(rng, store.companies.next_id(), now_ms, now_ms))


def deal_modified(store: Store, rng: random.Random) -> None:
    """One deal."""
    edit_deal(rng, rng.choice(store.deals.rows), store.clock.now_ms())


def order_created(store: Store, rng: random.Random) -> None:
    """A new order, made now."""
    now_ms = store.clock.now_ms()
    row = make_order(rng, store.people, store.orders.next_id(), now_ms, now_ms)
    store.orders.rows.append(row)


def order_modified(store: Store, rng: random.Random) -> None:
    """One order."""
    edit_order(rng, rng.choice(store.orders.rows), store.clock.now_ms())


def product_modified(store: Store, rng: random.Random) -> None:
    """One product."""
    edit_product(rng, rng.choice(store.products.rows), store.clock.now_ms())


def event_created(store: Store, rng: random.Random) -> None:
    """A new event, dated now."""
    store.events.append(rng, store.clock.now_ms())


def event_vanished(store: Store, rng: random.Random) -> None:
    """An event of the last three days is gone: statistics settle late. Older ones stay for good."""
    store.events.remove_recent(rng, store.clock.today())


_SHARES: dict[Mutation, int] = {
    contact_modified: 30,
    contact_created: 15,
    contact_deleted: 5,
    campaign_modified: 10,
    template_modified: 10,
    event_created: 20,
    event_vanished: 10,
    list_counted: 6,
    sms_campaign_counted: 6,
    company_modified: 6,
    company_created: 6,
    deal_modified: 6,
    order_created: 8,
    order_modified: 6,
    product_modified: 6,
}
_MUTATIONS = tuple(_SHARES)
_WEIGHTS = tuple(_SHARES.values())
