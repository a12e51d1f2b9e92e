"""Google's own clients, set up: who they act as, whom they bill, and where they send.

Emulators (`BIGQUERY_EMULATOR_HOST`, `STORAGE_EMULATOR_HOST`, `SECRET_MANAGER_EMULATOR_HOST`) are asked
without credentials. Else credentials are the application default ones, or those of the service account to
impersonate. None of these functions sends a request, but for the look for credentials. Clients of BigQuery
and Cloud Storage may be shared by threads; who opens a client closes it.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tidegate.utils.errors import SettingsError
from tidegate.utils.gcp_errors import translated
from tidegate.utils.gcp_settings import (
    BIGQUERY_EMULATOR,
    SECRET_MANAGER_EMULATOR,
    STORAGE_EMULATOR,
    GoogleSettings,
)

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.bigquery import Client as BigQueryClient
    from google.cloud.secretmanager import SecretManagerServiceClient
    from google.cloud.storage import Client as StorageClient

# What google.auth.default goes by.
_LOOKED_AT = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_QUOTA_PROJECT",
    "CLOUDSDK_CONFIG",
    "HOME",
    "NO_GCE_CHECK",
    "GCE_METADATA_HOST",
)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_INSTALL = "pip install 'tidegate[bigquery]'"


def bigquery_client(
    project: str,
    *,
    location: str | None = None,
    quota_project: str | None = None,
    settings: GoogleSettings | None = None,
) -> BigQueryClient:
    """A client whose jobs run in `project`, and in `location` where one is given.

    Raises `SettingsError` where the extra is not installed, and `GoogleCredentialsError`.
    """
    try:
        from google.cloud import bigquery
    except ImportError as error:
        raise _not_installed("google-cloud-bigquery") from error
    settings = settings or GoogleSettings.current()
    emulator = settings.emulator(BIGQUERY_EMULATOR)
    with translated(f"BigQuery in project {project}"):
        return bigquery.Client(
            project=project,
            location=location,
            credentials=_credentials(settings, emulator, quota_project),
            client_options=_options(emulator or settings.bigquery_endpoint),
        )


def storage_client(
    project: str | None = None,
    *,
    quota_project: str | None = None,
    settings: GoogleSettings | None = None,
) -> StorageClient:
    """A client of Cloud Storage; `project` matters only to who makes or lists buckets. Raises as above."""
    try:
        from google.cloud import storage
    except ImportError as error:
        raise _not_installed("google-cloud-storage") from error
    settings = settings or GoogleSettings.current()
    # Else the client asks for the bucket's own metadata in the background, with every object that is not
    # there once more, which needs a permission that reading and writing objects does not bring.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    emulator = settings.emulator(STORAGE_EMULATOR)
    with translated("Cloud Storage"):
        return storage.Client(
            project=project,
            credentials=_credentials(settings, emulator, quota_project),
            client_options=_options(emulator or settings.storage_endpoint),
        )


def secret_manager_client(*, settings: GoogleSettings | None = None) -> SecretManagerServiceClient:
    """A client of Secret Manager, over gRPC. Raises as above."""
    try:
        from google.cloud import secretmanager
    except ImportError as error:
        raise _not_installed("google-cloud-secret-manager") from error
    settings = settings or GoogleSettings.current()
    emulator = settings.emulator(SECRET_MANAGER_EMULATOR)
    with translated("Secret Manager"):
        if emulator:
            return secretmanager.SecretManagerServiceClient(transport=_plain_transport(emulator))
        return secretmanager.SecretManagerServiceClient(
            credentials=_credentials(settings, None, None),
            client_options=_options(_host(settings.secret_manager_endpoint)),
        )


def credentials(settings: GoogleSettings, quota_project: str | None = None) -> Credentials:
    """The application default credentials, or those of the account to impersonate.

    Clients of one process share them, and so the token: it is fetched once an hour, not once a client.
    Raises `SettingsError` where google-auth is not installed, `GoogleCredentialsError` where there are none.
    """
    try:
        import google.auth  # noqa: F401 - whether it is there
    except ImportError as error:
        raise _not_installed("google-auth") from error
    environment = tuple(os.environ.get(name) for name in _LOOKED_AT)
    with translated("Google's application default credentials"):
        return _shared(
            environment,
            settings.impersonate,
            settings.iam_credentials_endpoint,
            quota_project or settings.quota_project,
        )


@lru_cache
def _shared(
    environment: tuple[str | None, ...],  # noqa: ARG001 - who changes it means others
    impersonate: str | None,
    endpoint: str | None,
    quota_project: str | None,
) -> Credentials:
    import google.auth

    source, _ = google.auth.default(scopes=[_SCOPE], quota_project_id=quota_project)
    if not impersonate:
        return source
    from google.auth import impersonated_credentials

    *delegates, target = [each.strip() for each in impersonate.split(",")]
    path = f"/v1/projects/-/serviceAccounts/{target}:generateAccessToken"
    return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call] # google-auth has no hints here
        source_credentials=source,
        target_principal=target,
        target_scopes=[_SCOPE],
        delegates=[f"projects/-/serviceAccounts/{each}" for each in delegates],  # as the API wants them
        quota_project_id=quota_project,
        iam_endpoint_override=endpoint.rstrip("/") + path if endpoint else None,
    )


def _credentials(settings: GoogleSettings, emulator: str | None, quota_project: str | None) -> Credentials:
    if not emulator:
        return credentials(settings, quota_project)
    from google.auth.credentials import AnonymousCredentials

    return AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth has no hints here


def _options(endpoint: str | None) -> Any:
    from google.api_core.client_options import ClientOptions

    return ClientOptions(api_endpoint=endpoint)


def _host(endpoint: str | None) -> str | None:
    """gRPC takes host and port, always over TLS."""
    return endpoint.split("://", 1)[1].strip("/") if endpoint else None


def _plain_transport(address: str) -> Any:
    import grpc
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceGrpcTransport,
    )

    return SecretManagerServiceGrpcTransport(channel=grpc.insecure_channel(_host(address)))


def _not_installed(package: str) -> SettingsError:
    return SettingsError(f"{package} is not installed", hint=_INSTALL)
