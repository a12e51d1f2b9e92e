"""The base of every error that tidegate raises, and the exit codes they lead to.

TidegateError                 exit 30: not worth trying again as things stand
|- http_tools.exceptions.HttpClientError ...
|- destinations.exceptions ...
`- engine.exceptions ...
"""

from __future__ import annotations

import errno
from enum import IntEnum

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ExitCode(IntEnum):
    """What a scheduler may do next. Of the tasks of a run the highest is the run's."""

    OK = 0
    USAGE = 2
    QUARANTINED = 10
    TRY_AGAIN = 20
    FAILED = 30
    LOST = 40


class TidegateError(Exception):
    """One sentence that says what happened and where; `hint` says what to do next.

    `exit_code` is what a run that ends with this error exits with.
    """

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(TidegateError):
    """The command or call itself is wrong: unknown names, impossible dates, a used run id."""

    exit_code = ExitCode.USAGE


class SettingsError(TidegateError):
    """A setting is missing or malformed. The hint names it."""


def is_full(error: OSError) -> bool:
    """Whether there is no room for what was written: the disk is full, the user's share of it is used up, or
    the file is as long as a file may be.
    """
    return error.errno in _NO_ROOM
