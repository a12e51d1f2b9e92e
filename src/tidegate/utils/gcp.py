"""Secrets out of Google Secret Manager, each asked for by its name.

SecretDeniedError      exit 30: it may not be read; names permission and role
SecretMissingError     exit 30: no such secret, or no such version
SecretDisabledError    exit 30: the version is switched off, and can be switched on again
SecretDestroyedError   exit 30: the version is gone for good
SecretDamagedError     exit 20: what came is not what the checksum says
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tidegate.utils.gcp_clients import secret_manager_client
from tidegate.utils.gcp_errors import (
    GoogleError,
    GoogleNotFoundError,
    GooglePermissionError,
    GoogleUnavailableError,
    translated,
)
from tidegate.utils.gcp_settings import GoogleSettings
from tidegate.utils.secrets import SecretReference, SecretVersion

_REGIONAL = re.compile(r"https?://secretmanager\.([a-z0-9-]+)\.rep\.googleapis\.com")
_TIMEOUT_S = 30.0


class SecretDeniedError(GooglePermissionError):
    pass


class SecretMissingError(GoogleNotFoundError):
    pass


class SecretDisabledError(GoogleError):
    pass


class SecretDestroyedError(GoogleError):
    pass


class SecretDamagedError(GoogleUnavailableError):
    pass


def access_secret_data(project_id: str, secret_id: str, version_id: str = "latest") -> str:
    """The text of a secret's version, to the last character. Asks each time, and blocks.

    Raises the errors above; `GoogleCredentialsError` and `GoogleUnavailableError`; `SettingsError` where the
    extra is not installed.
    """
    return read_secret(SecretReference(project_id, secret_id, version_id)).text


def read_secret(reference: SecretReference, *, timeout_s: float = _TIMEOUT_S) -> SecretVersion:
    """The same, with the full name of the version that it was. A damaged answer is asked for once more."""
    again = patient(timeout_s)
    settings = GoogleSettings.current()
    name = f"{secret_name(reference, settings)}/versions/{reference.version}"
    with told(reference), secret_manager_client(settings=settings) as client:
        answer = client.access_secret_version(name=name, retry=again, timeout=timeout_s)
        if not _whole(answer.payload):
            answer = client.access_secret_version(name=name, retry=again, timeout=timeout_s)
    if not _whole(answer.payload):
        raise SecretDamagedError(
            f"{reference}: what came is not what its checksum says", hint="Run the same command again."
        )
    return SecretVersion(answer.name, _text(answer.payload.data, reference))


def secret_name(reference: SecretReference, settings: GoogleSettings) -> str:
    """The secret's full name: at a regional endpoint it has a location."""
    regional = _REGIONAL.match(settings.secret_manager_endpoint or "")
    location = f"locations/{regional[1]}/" if regional else ""
    return f"projects/{reference.project}/{location}secrets/{reference.name}"


@contextmanager
def told(reference: SecretReference) -> Iterator[None]:
    """As `translated`, with an error of its own for each thing that can be wrong with a secret."""
    try:
        with translated(str(reference)):
            yield
    except GoogleError as error:
        raise _of_secrets(error, reference) from error.__cause__


def patient(timeout_s: float) -> Any:
    """Ask again where Google says so, for so many seconds in all. Of calls that may be made twice."""
    from google.api_core import exceptions, retry

    again = retry.if_exception_type(
        exceptions.ServiceUnavailable, exceptions.ResourceExhausted, exceptions.DeadlineExceeded
    )
    return retry.Retry(predicate=again, initial=0.2, maximum=5.0, timeout=timeout_s)


def checksum(data: bytes) -> int:
    """CRC32C, as Secret Manager has it."""
    import google_crc32c

    return int(google_crc32c.value(data))


def _whole(payload: Any) -> bool:
    return bool(checksum(payload.data) == payload.data_crc32c)


def _text(data: bytes, reference: SecretReference) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise GoogleError(
            f"{reference}: what it holds is no text in UTF-8",
            hint="Store the text of the key, not a file of bytes.",
        ) from None


def _of_secrets(error: GoogleError, reference: SecretReference) -> GoogleError:
    """The kind of `error` that says more; `error` itself where there is none."""
    text, made = str(error), error
    if isinstance(error, GooglePermissionError) and "(403)" in text:
        made = SecretDeniedError(text, hint=error.hint)
    elif isinstance(error, GoogleNotFoundError):
        made = SecretMissingError(text, hint=_missing(reference))
    elif "is in DISABLED state" in text:
        made = SecretDisabledError(
            f"{reference}: this version is disabled: {_words(text)}",
            hint="Enable it, or add a version: latest is the one that was added last, whatever its state.",
        )
    elif "is in DESTROYED state" in text:
        made = SecretDestroyedError(
            f"{reference}: this version is destroyed: {_words(text)}",
            hint="Add a version: latest is the one that was added last, whatever its state.",
        )
    made.resource, made.reason, made.permission = error.resource, error.reason, error.permission
    return made


def _missing(reference: SecretReference) -> str:
    return (
        f"Look for it: gcloud secrets versions list {reference.name} --project {reference.project}; "
        "a secret without a version has no latest."
    )


def _words(text: str) -> str:
    return text.partition("): ")[2] or text
