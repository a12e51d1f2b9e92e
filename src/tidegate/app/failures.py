"""From an error to what a person reads and a scheduler obeys."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from tidegate.app.text import printable
from tidegate.utils.errors import ExitCode, TidegateError

_UNEXPECTED = "A fault in tidegate or in a workflow: run again with --debug to see where it is."


@contextmanager
def exits(*, debug: bool) -> Iterator[None]:
    """Turn an error into its message on standard error and its exit code; a traceback with `debug` only."""
    try:
        yield
    except TidegateError as error:
        say_error(str(error) or type(error).__name__, error.hint, error if debug else None)
        raise SystemExit(int(error.exit_code)) from None
    except KeyboardInterrupt:
        say_error("interrupted", None, None)
        raise SystemExit(int(ExitCode.TRY_AGAIN)) from None
    except BrokenPipeError:  # who read the output has left: Typer ends in silence
        raise
    except Exception as error:  # noqa: BLE001 - the last line of defence: no error ends without a message
        hint = None if debug else _UNEXPECTED
        say_error(f"unexpected {type(error).__name__}: {error}", hint, error if debug else None)
        raise SystemExit(int(ExitCode.FAILED)) from None


def say_error(message: str, hint: str | None, shown: BaseException | None) -> None:
    """The message and what to do next on standard error, after the traceback of `shown`."""
    if shown is not None:
        traceback.print_exception(shown, file=sys.stderr)
    first, *more = message.split("\n")
    sys.stderr.writelines([f"error: {printable(first)}\n", *(f"  {printable(line)}\n" for line in more)])
    if hint:
        sys.stderr.write(f"  {printable(hint)}\n")
    sys.stderr.flush()
