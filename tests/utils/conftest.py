"""The fixture `storage`: see `tests/servers/cloud_storage.py`."""

from __future__ import annotations

from tests.servers.cloud_storage import storage

__all__ = ["storage"]
