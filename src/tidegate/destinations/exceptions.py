"""What can go wrong at a destination, and what it means for the run.

DestinationError                 exit 30: cannot be written, schema does not fit
|- SchemaChangeError             exit 30: the table needs a change that a person has to allow
|- DestinationBusyError          exit 20: another process has it open
|- DestinationUnavailableError   exit 20: disk full, network
|- CommitLostError               exit 40: another run moved the cursor first; nothing of this commit landed
`- CommitUnknownError            exit 20: it may have landed; look the commit id up
"""

from __future__ import annotations

from tidegate.utils.errors import ExitCode, TidegateError


class DestinationError(TidegateError):
    """The destination cannot be written as it is."""


class SchemaChangeError(DestinationError):
    """The table needs changes that a person has to allow. `allow` are their kinds, as after `--allow`."""

    def __init__(self, message: str, *, allow: tuple[str, ...]) -> None:
        super().__init__(
            message,
            hint="Change the contract, or allow it: to.apply(TABLE, to.differences(TABLE)) in Python, or "
            f"tidegate schema apply WORKFLOW.TASK --allow {','.join(allow)}",
        )
        self.allow = allow


class DestinationBusyError(DestinationError):
    exit_code = ExitCode.TRY_AGAIN


class DestinationUnavailableError(DestinationError):
    exit_code = ExitCode.TRY_AGAIN


class CommitLostError(DestinationError):
    exit_code = ExitCode.LOST


class CommitUnknownError(DestinationError):
    exit_code = ExitCode.TRY_AGAIN
