"""The SendGrid workflow as a Typer app: `tidegate run sendgrid`."""

from __future__ import annotations

from tidegate.app.workflow import workflow
from tidegate.factories.sendgrid import SendGridFactory
from tidegate.workflows.sendgrid import tasks

app = workflow(
    "sendgrid",
    SendGridFactory,
    [
        tasks.campaigns,
        tasks.single_sends,
        tasks.single_send_stats,
        tasks.stats,
        tasks.category_stats,
        tasks.bounces,
        tasks.blocks,
        tasks.invalid_emails,
        tasks.spam_reports,
        tasks.unsubscribes,
        tasks.lists,
        tasks.templates,
        tasks.messages,
        tasks.contacts,
    ],
)

if __name__ == "__main__":
    app()
