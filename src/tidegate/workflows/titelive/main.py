"""The Titelive workflow as a Typer app: `tidegate run titelive`, or this module by `python -m`."""

from __future__ import annotations

from tidegate.app.workflow import workflow
from tidegate.factories.titelive import TiteliveFactory
from tidegate.workflows.titelive.tasks import changes, products
from tidegate.workflows.titelive.views import CATALOGUE

app = workflow("titelive", TiteliveFactory, [products, changes], views=[CATALOGUE])

if __name__ == "__main__":
    app()
