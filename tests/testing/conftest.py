from __future__ import annotations

from tests.http_tools.conftest import driver, server

__all__ = ["driver", "server"]
