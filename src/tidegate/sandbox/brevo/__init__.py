"""A stand-in for Brevo: its routes, paging, quotas and quirks, over made-up data.

One job a module: `words`, `draws`, `clock` (what everything is drawn from), `campaigns`, `templates`,
`contacts`, `groups`, `blocked`, `sms`, `sales`, `shop`, `event_rows`, `event_log`, `store` (the data),
`params`, `routes` and the modules that end so (the API), `quotas`,
`faults`, `churn`, `drift` (what goes wrong), `counters`, `controls` (what tests look at), `app` (the gate).
"""

from tidegate.sandbox.brevo.app import BrevoSandbox

__all__ = ["BrevoSandbox"]
