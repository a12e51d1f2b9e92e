"""What can go wrong in a run beside what the API or the destination say.

EngineError
|- BrokenContractError     exit 30: a row does not keep a contract
|- TransformError          exit 30: the transform itself failed
|- RequestChangedError     exit 30: what this run asked for when it began is not what it asks now
|- DamagedStateError       exit 30: a page log or part is damaged before its end
|- AccountingError         exit 30: the sum of rows does not hold; nothing was loaded
|- StorageError            exit 20: the state folder cannot be written (disk full)
|- StoppedError            exit 20: a signal
`- LockHeldError           exit 40: another run has this task and destination in hand
"""

from __future__ import annotations

from tidegate.utils.errors import ExitCode, TidegateError


class EngineError(TidegateError):
    pass


class BrokenContractError(EngineError):
    pass


class TransformError(EngineError):
    pass


class RequestChangedError(EngineError):
    pass


class DamagedStateError(EngineError):
    pass


class AccountingError(EngineError):
    pass


class StorageError(EngineError):
    exit_code = ExitCode.TRY_AGAIN


class StoppedError(EngineError):
    exit_code = ExitCode.TRY_AGAIN


class LockHeldError(EngineError):
    exit_code = ExitCode.LOST
