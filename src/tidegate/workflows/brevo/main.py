"""The Brevo workflow as a Typer app: `python -m tidegate.workflows.brevo.main`, or `tidegate run brevo`."""

from __future__ import annotations

from tidegate.app.workflow import workflow
from tidegate.factories.brevo import BrevoFactory
from tidegate.workflows.brevo import tasks, tasks_sales
from tidegate.workflows.brevo.views import EVENTS_DAILY

app = workflow(
    "brevo",
    BrevoFactory,
    [
        tasks.campaigns,
        tasks.templates,
        tasks.events,
        tasks.contacts,
        tasks.senders,
        tasks.reports,
        tasks.blocked_contacts,
        tasks.lists,
        tasks.folders,
        tasks.segments,
        tasks.sms_campaigns,
        tasks.sms_events,
        tasks_sales.companies,
        tasks_sales.deals,
        tasks_sales.orders,
        tasks_sales.products,
        tasks_sales.categories,
    ],
    views=[EVENTS_DAILY],
)

if __name__ == "__main__":
    app()
