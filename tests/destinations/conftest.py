"""Every destination in turn, and those that can do a thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.destinations.suite import DESTINATIONS, able
from tidegate.destinations.base import Destination


@pytest.fixture(params=DESTINATIONS)
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    return DESTINATIONS[request.param](tmp_path)


@pytest.fixture(params=able("retype"))
def retyping(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """Those that convert the values of a column to another type."""
    return DESTINATIONS[request.param](tmp_path)
