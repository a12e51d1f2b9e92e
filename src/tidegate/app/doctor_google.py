"""What `doctor` finds in Google Cloud: who we are there, what we may do, and where things are.

Nothing is made or written.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing

from tidegate.app import doctor_grants
from tidegate.app.doctor_bigquery import PERMISSIONS, check_dataset
from tidegate.app.doctor_buckets import check_bucket
from tidegate.app.doctor_findings import Finding, attempt, clock, ok, unknown, wrong
from tidegate.app.doctor_grants import Grants, Identity
from tidegate.destinations.bigquery_url import Place
from tidegate.utils.errors import SettingsError, TidegateError
from tidegate.utils.gcp import SecretDeniedError, read_secret
from tidegate.utils.gcp_clients import bigquery_client, credentials, storage_client
from tidegate.utils.gcp_errors import translated
from tidegate.utils.gcp_settings import BIGQUERY_EMULATOR, STORAGE_EMULATOR, GoogleSettings
from tidegate.utils.project import Project
from tidegate.utils.secrets import SecretReference

_TIMEOUT_S = 15.0


def check_bigquery(place: Place, buckets: Mapping[str, str]) -> Iterator[Finding]:
    """Identity, permissions, dataset and location; then the buckets, whose purposes are given by name."""
    settings = yield from attempt("settings", GoogleSettings.current)
    if settings is None:
        return
    emulator = settings.emulator(BIGQUERY_EMULATOR)
    if emulator:
        yield ok("identity", f"none is needed: {BIGQUERY_EMULATOR} is {emulator}")
        grants: Grants | None = Grants(None, frozenset(PERMISSIONS))
    else:
        grants = yield from _grants(place.project, settings)
    if grants is None:
        return
    client = yield from attempt("bigquery", lambda: bigquery_client(place.project, settings=settings))
    if client is None:
        return
    with closing(client):
        location = yield from check_dataset(client, place, grants)
    if place.staging is not None:
        buckets = {place.staging[0]: "staging", **buckets}
    yield from _buckets(buckets, location or place.location, grants.identity, settings)


def check_buckets(buckets: Mapping[str, str]) -> Iterator[Finding]:
    """Those of a run that loads elsewhere than into BigQuery."""
    settings = yield from attempt("settings", GoogleSettings.current)
    if settings is None:
        return
    identity = None
    if not settings.emulator(STORAGE_EMULATOR):
        identity = yield from _identity(settings)
        if identity is None:
            return
    yield from _buckets(buckets, None, identity, settings)


def _buckets(
    buckets: Mapping[str, str], location: str | None, identity: Identity | None, settings: GoogleSettings
) -> Iterator[Finding]:
    if not buckets:
        return
    client = yield from attempt("bucket", lambda: storage_client(settings=settings))
    if client is None:
        return
    asked = not settings.emulator(STORAGE_EMULATOR)
    with closing(client):
        for name, purpose in buckets.items():
            yield from check_bucket(client.bucket(name), purpose, location, identity, asked=asked)


def _identity(settings: GoogleSettings) -> Generator[Finding, None, Identity | None]:
    identity = yield from attempt("identity", lambda: _who(settings))
    if identity is not None:
        yield ok("identity", identity.shown)
    return identity


def _who(settings: GoogleSettings) -> Identity:
    from google.auth.transport.requests import Request

    found = credentials(settings)
    with translated("identity"):
        found.refresh(Request())  # type: ignore[no-untyped-call] # google-auth has no hints here
    names = ("service_account_email", "signer_email", "account")
    email = next((name for each in names if (name := getattr(found, each, None))), None)
    return Identity(email, found.quota_project_id)


def _grants(project: str, settings: GoogleSettings) -> Generator[Finding, None, Grants | None]:
    """Who we are, and what is granted on the project; nothing is known of it where it cannot be asked."""
    identity = yield from _identity(settings)
    if identity is None:
        return None
    try:
        held, date = _held(project, settings)
    except TidegateError as error:
        yield unknown("project", str(error), error.hint)
        return Grants(identity, frozenset())
    yield from clock(date, "Google")
    return Grants(identity, held)


def _held(project: str, settings: GoogleSettings) -> tuple[frozenset[str], str | None]:
    """Of the permissions that a run needs those that are granted on the project or above, and the `Date`."""
    from google.api_core.exceptions import from_http_response
    from google.auth.transport.requests import AuthorizedSession

    base = settings.resource_manager_endpoint or "https://cloudresourcemanager.googleapis.com"
    url = f"{base.rstrip('/')}/v1/projects/{project}:testIamPermissions"
    with (
        translated(f"permissions on project {project}"),
        closing(AuthorizedSession(credentials(settings))) as session,  # type: ignore[no-untyped-call] # no hints
    ):
        answer = session.post(url, json={"permissions": list(PERMISSIONS)}, timeout=_TIMEOUT_S)
        if not answer.ok:
            raise from_http_response(answer)  # type: ignore[no-untyped-call] # no hints
        return frozenset(answer.json().get("permissions", ())), answer.headers.get("date")


def check_secrets(project: Project, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each secret that a setting refers to, in the environment, in `.env` or in the project, is read once."""
    for name, text in _settings(project, environ):
        try:
            reference = SecretReference.parse(text)
        except SettingsError as error:
            yield wrong("secret", f"{name}: {error}", error.hint)
            continue
        if reference is not None:
            yield from _secret(name, reference)


def _settings(project: Project, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    from dotenv import dotenv_values

    env_file = {name: text for name, text in dotenv_values(project.root / ".env").items() if text}
    every = {**{name: str(each) for name, each in project.settings.items()}, **env_file, **environ}
    yield from sorted(every.items())


def _secret(name: str, reference: SecretReference) -> Iterator[Finding]:
    try:
        found = read_secret(reference, timeout_s=_TIMEOUT_S)
    except SecretDeniedError as error:
        granted = doctor_grants.secret(reference.project, reference.name)
        permission = error.permission or "secretmanager.versions.access"
        yield wrong("secret", f"{name}: {error}", granted.todo(permission, None))
    except TidegateError as error:
        yield wrong("secret", f"{name}: {error}", error.hint)
    else:
        yield ok("secret", f"{name}: {reference} can be read, version {found.name.rpartition('/')[2]}")
