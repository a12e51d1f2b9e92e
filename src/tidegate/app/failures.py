"""From an error to what a person reads and a scheduler obeys."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tidegate.utils.errors import TidegateError, describe


@contextmanager
def exits(*, debug: bool) -> Iterator[None]:
    """Turn a `TidegateError` into its message on standard error and its exit code; no traceback."""
    try:
        yield
    except TidegateError as error:
        if debug:
            raise
        print(f"error: {describe(error)}", file=sys.stderr)  # noqa: T201 - this is the command line's voice
        raise SystemExit(int(error.exit_code)) from None
