"""What can go wrong at a destination, and what it means for the run.

DestinationError                 exit 30: cannot be written, schema does not fit
|- DestinationBusyError          exit 20: another process has it open
|- DestinationUnavailableError   exit 20: disk full, network
|- CommitLostError               exit 40: another run moved the cursor first; nothing of this commit landed
`- CommitUnknownError            exit 20: it may have landed; look the commit id up
"""

from __future__ import annotations

from tidegate.utils.errors import ExitCode, TidegateError


class DestinationError(TidegateError):
    """The destination cannot be written as it is."""


class DestinationBusyError(DestinationError):
    exit_code = ExitCode.TRY_AGAIN


class DestinationUnavailableError(DestinationError):
    exit_code = ExitCode.TRY_AGAIN


class CommitLostError(DestinationError):
    exit_code = ExitCode.LOST


class CommitUnknownError(DestinationError):
    exit_code = ExitCode.TRY_AGAIN
