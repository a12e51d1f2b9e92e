"""A stand-in for Brevo: its routes, paging, quotas and quirks, over made-up data.

One job a module: `words`, `draws`, `clock` (what everything is drawn from), `campaigns`, `templates`,
`contacts`, `event_rows`, `event_log`, `store` (the data), `params`, `routes` (the API), `quotas`,
`faults`, `churn`, `drift` (what goes wrong), `counters`, `controls` (what tests look at), `app` (the gate).
"""

from tidegate.sandbox.brevo.app import BrevoSandbox

__all__ = ["BrevoSandbox"]
