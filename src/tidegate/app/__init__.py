"""Builds a workflow's Typer app, and holds what its commands share with those of `tidegate`."""
