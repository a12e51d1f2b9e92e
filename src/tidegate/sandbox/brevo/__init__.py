"""A stand-in for Brevo: its routes, paging, quotas and quirks, over made-up data.

One job a module: `clock` (what the data is drawn by, beside the seed), `campaigns`, `templates`,
`contacts`, `groups`, `blocked`, `sms`, `sales`, `shop`, `event_rows`, `event_log`, `store` (the data),
`params`, `routes` and the modules that end so (the API), `quotas`,
`faults`, `churn`, `drift` (what goes wrong), `controls` (what tests look at), `app` (the gate).
"""

from tidegate.sandbox.brevo.app import BrevoSandbox

__all__ = ["BrevoSandbox"]
