"""Everything that a client can raise.

    HttpClientError
    |- ContractError                exit 30: the answer is not what its contract says
    |- TokenError                   exit 30: the token endpoint refused; 20: it could not be asked
    |- PaginationError              exit 30: the listing cannot be walked
    |  `- ListingMovedError         exit 20: it changed while it was read
    |- WaitTooLongError             exit 20: the quota asks for more patience than allowed
    |- QuotaStoreError              exit 20: the store of a shared quota cannot be asked
    |- NetworkError                 exit 20: no complete answer came
    |  `- RequestTimeoutError
    |- CircuitOpenError             exit 20: the endpoint failed too often just now
    |- ClientClosedError            exit 20: closed, or told to stop, while the request was under way
    |- CrossOriginError             exit 30: a credential would have left its origin
    |- ResponseTooLargeError        exit 30
    |- DownloadError                exit 20: a file could not be written, or not whole; 30: not there at all
    |- ExportFailedError            exit 30: the API says that the export failed
    |- ExportTimeoutError           exit 20: it was not ready in time
    `- HttpStatusError
       |- ClientError               exit 30: 4xx
       |  |- AuthenticationError    401
       |  |- PermissionDeniedError  403
       |  |- NotFoundError          404
       |  `- RateLimitError         429, exit 20, with `retry_after_s`
       `- ServerError               exit 20: 5xx

Messages name method and path, never a query value, a credential or a whole body.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.utils.errors import ExitCode, TidegateError


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that failed: what came of it, and the wait that followed, in seconds."""

    number: int
    failure: str
    delay_s: float


class HttpClientError(TidegateError):
    """Base of all. `history` holds the failed attempts in order; `page` the position in a listing, from 0."""

    def __init__(self, message: str, *, hint: str | None = None, history: tuple[Attempt, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.history = history
        self.page: int | None = None


class ContractError(HttpClientError):
    pass


class TokenError(HttpClientError):
    """There is no token. `exit_code` is 30 where it was refused, 20 where the endpoint gave no answer."""


class PaginationError(HttpClientError):
    pass


class ListingMovedError(PaginationError):
    exit_code = ExitCode.TRY_AGAIN


class WaitTooLongError(HttpClientError):
    """`wait_s`: the wait that would have been needed."""

    exit_code = ExitCode.TRY_AGAIN

    def __init__(self, message: str, *, hint: str | None = None, wait_s: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s


class QuotaStoreError(HttpClientError):
    exit_code = ExitCode.TRY_AGAIN


class NetworkError(HttpClientError):
    exit_code = ExitCode.TRY_AGAIN


class RequestTimeoutError(NetworkError):
    pass


class CircuitOpenError(HttpClientError):
    """`retry_after_s`: when the breaker lets a probe through."""

    exit_code = ExitCode.TRY_AGAIN

    def __init__(self, message: str, *, hint: str | None = None, retry_after_s: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class ClientClosedError(HttpClientError):
    exit_code = ExitCode.TRY_AGAIN


class CrossOriginError(HttpClientError):
    pass


class ResponseTooLargeError(HttpClientError):
    pass


class DownloadError(HttpClientError):
    """`exit_code` is 30 where the target cannot be written at all."""

    exit_code = ExitCode.TRY_AGAIN


class ExportFailedError(HttpClientError):
    """`state` is what the API calls it."""

    def __init__(self, message: str, *, hint: str | None = None, state: str = "") -> None:
        super().__init__(message, hint=hint)
        self.state = state


class ExportTimeoutError(HttpClientError):
    """`state` is the one it was in last."""

    exit_code = ExitCode.TRY_AGAIN

    def __init__(self, message: str, *, hint: str | None = None, state: str = "") -> None:
        super().__init__(message, hint=hint)
        self.state = state


class HttpStatusError(HttpClientError):
    """The API answered with a status that is no data for this route. `body` is a short, redacted excerpt."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        history: tuple[Attempt, ...] = (),
        status_code: int = 0,
        body: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, history=history)
        self.status_code = status_code
        self.body = body
        self.retry_after_s = retry_after_s


class ClientError(HttpStatusError):
    pass


class AuthenticationError(ClientError):
    pass


class PermissionDeniedError(ClientError):
    pass


class NotFoundError(ClientError):
    pass


class RateLimitError(ClientError):
    exit_code = ExitCode.TRY_AGAIN


class ServerError(HttpStatusError):
    exit_code = ExitCode.TRY_AGAIN


_BY_STATUS: dict[int, type[HttpStatusError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}


def error_class(status_code: int) -> type[HttpStatusError]:
    """The class for a status that is not data."""
    if status_code >= 500:
        return ServerError
    if status_code >= 400:
        return _BY_STATUS.get(status_code, ClientError)
    return HttpStatusError
