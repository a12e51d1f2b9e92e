"""The two Titelive tables and how rows get in."""

from __future__ import annotations

from tidegate.contracts.table import Table
from tidegate.workflows.titelive.schemas import CleanProduct

# No version: what is asked for by its EAN is what holds now, a deletion (which has no day) included.
PRODUCTS = Table("titelive_products", CleanProduct, key=("ean",), write="merge")

# An article that is modified again leaves its day at the vendor: a day is replaced whole.
CHANGES = Table("titelive_changes", CleanProduct, write="replace_windows")
