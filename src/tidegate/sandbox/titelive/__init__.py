"""A stand-in for Titelive: login, batches of EANs, search, quota and quirks, over a made-up catalogue.

One job a module: `catalogue`, `wire` (the data, and its odd JSON), `query`, `routes` (the API), `login`,
`quota`, `faults`, `app` (the two gates).
"""

from tidegate.sandbox.titelive.app import TiteliveSandbox

__all__ = ["TiteliveSandbox"]
