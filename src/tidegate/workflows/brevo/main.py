"""The Brevo workflow as a Typer app: `python -m tidegate.workflows.brevo.main`, or `tidegate run brevo`."""

from __future__ import annotations

from tidegate.app.workflow import workflow
from tidegate.factories.brevo import BrevoFactory
from tidegate.workflows.brevo.tasks import campaigns, contacts, events, templates
from tidegate.workflows.brevo.views import EVENTS_DAILY

app = workflow("brevo", BrevoFactory, [campaigns, templates, events, contacts], views=[EVENTS_DAILY])

if __name__ == "__main__":
    app()
