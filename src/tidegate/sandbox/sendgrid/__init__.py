"""A stand-in for SendGrid: its routes, paging, quotas, exports and quirks, over made-up data.

One job a module: `data`, `messages`, `store` (what is there), `params`, `routes`, `exports` (the API),
`quotas`, `faults` (what goes wrong), `app` (the gate).
"""

from tidegate.sandbox.sendgrid.app import SendGridSandbox

__all__ = ["SendGridSandbox"]
