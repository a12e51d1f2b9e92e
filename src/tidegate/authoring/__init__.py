"""Writes the first draft of a connector, and of a user's project: `tidegate new` and `tidegate init`."""
