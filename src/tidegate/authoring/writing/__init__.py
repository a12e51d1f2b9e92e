"""Code of an API: `files(api, listings, Layout())` writes connector, factory, workflow and tests as text."""

from tidegate.authoring.writing.files import files
from tidegate.authoring.writing.layout import Layout

__all__ = ["Layout", "files"]
