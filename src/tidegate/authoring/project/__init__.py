"""A user's own project: what `tidegate init` makes, and the edits of its `pyproject.toml`."""
