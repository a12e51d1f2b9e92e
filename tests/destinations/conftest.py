"""Every destination in turn, and those that can do a thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.destinations.suite import ALL, CANNOT, DESTINATIONS, opened
from tests.standins import Google
from tidegate.destinations.base import Destination


def _all_but(*powers: str) -> list[object]:
    """Names of destinations; those that need a stand-in server are for `make test-extended`."""
    return [
        name if name in DESTINATIONS else pytest.param(name, marks=pytest.mark.extended)
        for name in ALL
        if not CANNOT.get(name, {}).keys() & set(powers)
    ]


def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    google: Google | None = None if request.param in DESTINATIONS else request.getfixturevalue("google")
    return opened(request.param, tmp_path, google)


@pytest.fixture(params=_all_but())
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    return _opened(request, tmp_path)


@pytest.fixture(params=_all_but("retype"))
def retyping(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """Those that convert the values of a column to another type."""
    return _opened(request, tmp_path)


@pytest.fixture(params=_all_but("widen"))
def widening(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """Those that give a column a wider type, and a record another field, while a commit lands."""
    return _opened(request, tmp_path)


@pytest.fixture(params=_all_but("views"))
def viewing(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """Those that hold views."""
    return _opened(request, tmp_path)


@pytest.fixture(params=_all_but("retype", "widen"))
def evolving(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """Those that do both."""
    return _opened(request, tmp_path)
