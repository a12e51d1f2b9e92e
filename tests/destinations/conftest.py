"""Every destination in turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.destinations.suite import DESTINATIONS
from tidegate.destinations.base import Destination


@pytest.fixture(params=DESTINATIONS)
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    return DESTINATIONS[request.param](tmp_path)
