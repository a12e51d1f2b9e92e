"""Tells of each GET route whether it lists rows: where they stand, how it pages, what identifies one."""

from tidegate.authoring.listings.detector import UNSURE, Survey, listings, survey

__all__ = ["UNSURE", "Survey", "listings", "survey"]
