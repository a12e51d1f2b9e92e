"""Generated once more: what is new goes into the files, what a hand has changed stays."""

from __future__ import annotations

from tidegate.authoring.merging.files import Outcome, merged
from tidegate.authoring.merging.placing import place

__all__ = ["Outcome", "merged", "place"]
