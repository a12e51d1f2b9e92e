"""For tests of connectors and workflows: faults, a recorded API, and time that takes none.

All of it is given to a client: `transport=FaultTransport(...)`, `transport=ReplayTransport(...)`,
`clock=FrozenClock()`. Nothing here listens on a port or patches anything.
"""

from tidegate.testing.clock import FrozenClock
from tidegate.testing.fault_transport import FaultTransport
from tidegate.testing.faults import (
    Delay,
    Drip,
    Fault,
    Refuse,
    Reset,
    ResetBody,
    Status,
    Truncate,
    storm,
)
from tidegate.testing.replay import ReplayTransport, UnrecordedRequestError, record, record_async

__all__ = [
    "Delay",
    "Drip",
    "Fault",
    "FaultTransport",
    "FrozenClock",
    "Refuse",
    "ReplayTransport",
    "Reset",
    "ResetBody",
    "Status",
    "Truncate",
    "UnrecordedRequestError",
    "record",
    "record_async",
    "storm",
]
