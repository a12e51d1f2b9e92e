"""Tells of each GET route whether it lists rows: where they stand, how it pages, what identifies one."""

from tidegate.authoring.listings.detector import Survey, listings, survey

__all__ = ["Survey", "listings", "survey"]
