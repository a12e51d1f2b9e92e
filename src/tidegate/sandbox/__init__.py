"""Stand-in APIs on loopback, with the vendors' quotas, quirks and faults. No HTTP client in here."""
