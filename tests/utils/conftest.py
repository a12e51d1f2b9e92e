"""Fixtures of the mirrors: Cloud Storage in memory, and machines that share it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.cloud_storage import CloudStorageServer, cloud_storage


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorageServer]:
    with cloud_storage() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        yield server
