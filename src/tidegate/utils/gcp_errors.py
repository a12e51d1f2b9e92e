"""What Google's clients raise, as errors of ours: what it was about, what to do, what a scheduler may do.

GoogleError                       exit 30: refused as it stands (400, 501, an unknown one)
|- GoogleCredentialsError         exit 30: no credentials, or ones that are no longer good (401)
|- GooglePermissionError          exit 30: known, but not allowed (403); names permission and role
|- GoogleNotFoundError            exit 30: 404, also a dataset of another location
|- GoogleConflictError            exit 20: 409, it exists already, or another change was under way
|- GooglePreconditionError        exit 40: 412, someone else changed it first
|- GoogleQuotaError               exit 20: rate or daily quota
`- GoogleUnavailableError         exit 20: network, time-out, 5xx, a body damaged on its way
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tidegate.utils.errors import ExitCode, TidegateError


class GoogleError(TidegateError):
    """`resource` is what it was about; `reason` and `permission` are Google's words, where it gave them."""

    resource = ""
    reason: str | None = None
    permission: str | None = None


class GoogleCredentialsError(GoogleError):
    pass


class GooglePermissionError(GoogleError):
    pass


class GoogleNotFoundError(GoogleError):
    pass


class GoogleConflictError(GoogleError):
    exit_code = ExitCode.TRY_AGAIN


class GooglePreconditionError(GoogleError):
    exit_code = ExitCode.LOST


class GoogleQuotaError(GoogleError):
    exit_code = ExitCode.TRY_AGAIN


class GoogleUnavailableError(GoogleError):
    exit_code = ExitCode.TRY_AGAIN


@contextmanager
def translated(resource: str) -> Iterator[None]:
    """Turn what Google's clients raise inside into a `GoogleError` that names `resource`.

    `resource` is what a person calls it: `BigQuery table p.d.t`, `gs://bucket/object`. Other errors pass as
    they are, ours among them. Google's own error stays the `__cause__`, scrubbed of anything like a token.
    """
    try:
        yield
    except TidegateError:
        raise
    except Exception as error:
        from tidegate.utils.gcp_translation import translate

        made = translate(error, resource)
        if made is None:
            raise
        raise made from error
