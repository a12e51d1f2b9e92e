"""What can go wrong in a run beside what the API or the destination say.

EngineError
|- BrokenContractError     exit 30: a row does not keep a contract
|- TooManyInvalidError     exit 30: more rows than allowed do not
|- TransformError          exit 30: the transform itself failed
|- FrameError              exit 30: a frame is no rows of its write contract
|- RequestChangedError     exit 30: what this run asked for when it began is not what it asks now
|- DamagedStateError       exit 30: a page log or part is damaged before its end
|- SlicesError             exit 30: the values that a task is split over cannot be had
|- ParentFailedError       the code of the task whose rows this one is split over, which failed
|- MissingSlicesError      exit 20: slices that another process is to extract are not there
|- AccountingError         exit 30: the sum of rows does not hold; nothing was loaded
|- StorageError            exit 30: the state folder cannot be used
|  `- StorageFullError     exit 20: the disk is full
|- StoppedError            exit 20: a signal
|- LostSliceError          exit 20: a slice was silent past its deadline, again and again
|- LostWorkerError         exit 20: a worker process has died, again and again
`- LockHeldError           exit 40: another run has this task and destination in hand
"""

from __future__ import annotations

from pathlib import Path

from tidegate.utils.errors import ExitCode, TidegateError, is_full


class EngineError(TidegateError):
    pass


class BrokenContractError(EngineError):
    pass


class TooManyInvalidError(EngineError):
    pass


class TransformError(EngineError):
    pass


class FrameError(EngineError):
    """Names the column, and where one value is meant its row in the frame."""


class RequestChangedError(EngineError):
    pass


class DamagedStateError(EngineError):
    pass


class SlicesError(EngineError):
    pass


class ParentFailedError(EngineError):
    def __init__(self, message: str, code: ExitCode, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = code


class MissingSlicesError(EngineError):
    exit_code = ExitCode.TRY_AGAIN


class AccountingError(EngineError):
    pass


class StorageError(EngineError):
    pass


class StorageFullError(StorageError):
    exit_code = ExitCode.TRY_AGAIN


def storage_error(path: Path, error: OSError) -> StorageError:
    """Ours for what the operating system said of a file of the state folder."""
    if is_full(error):
        return StorageFullError(
            f"cannot write {path}: the disk is full",
            hint="What was logged before stands. Free some space and run the same command again to resume.",
        )
    return StorageError(
        f"cannot use {path}: {error.strerror or error}",
        hint="Check the permissions under TIDEGATE_HOME, then run the same command again to resume.",
    )


class StoppedError(EngineError):
    exit_code = ExitCode.TRY_AGAIN


class LostSliceError(EngineError):
    exit_code = ExitCode.TRY_AGAIN


class LostWorkerError(EngineError):
    exit_code = ExitCode.TRY_AGAIN


class LockHeldError(EngineError):
    exit_code = ExitCode.LOST
