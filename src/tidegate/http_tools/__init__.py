"""Layer 1: HTTP with one policy and two drivers.

`policy.py` holds every decision (auth, limits, breaker, retry, redirects) as generators of effects and does
no I/O; `drivers.py` is the only place that blocks or awaits; `clients.py` is what a connector is given.
"""
