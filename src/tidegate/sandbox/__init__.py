"""Stand-in APIs on loopback, with the vendors' quotas, quirks and faults. No HTTP client in here.

A package each; what they share is beside them: `asgi`, `server` (HTTP), `draws`, `words`, `people` (what is
made up, by a seed), `windows` (quotas), `counters` (what was asked for).
"""
