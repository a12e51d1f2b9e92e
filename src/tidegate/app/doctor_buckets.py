"""What `doctor` finds of a bucket: whether it is there, near the dataset, and may be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tidegate.app import doctor_grants
from tidegate.app.doctor_findings import Finding, ok, wrong
from tidegate.app.doctor_grants import Identity
from tidegate.destinations.bigquery_checks import may_load
from tidegate.utils.errors import TidegateError
from tidegate.utils.gcp_errors import GoogleNotFoundError, GooglePermissionError, translated

if TYPE_CHECKING:
    from google.cloud.storage import Bucket

HOME = "home"  # the purpose of the bucket that holds the state of runs
_TIMEOUT_S = 15.0
_PERMISSIONS = (
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
)


def check_bucket(
    bucket: Bucket, purpose: str, near: str | None, identity: Identity | None, *, asked: bool
) -> Iterator[Finding]:
    """`near` is where the dataset is; an emulator is not `asked` for permissions, since it knows none."""
    shown = f"gs://{bucket.name} ({purpose})"
    try:
        held = _held(bucket) if asked else _PERMISSIONS
        where = _location(bucket)
    except GoogleNotFoundError:
        make = f"gcloud storage buckets create gs://{bucket.name}{f' --location={near}' if near else ''}"
        yield wrong("bucket", f"{shown} is not there", make)
        return
    except TidegateError as error:
        yield wrong("bucket", str(error), error.hint)
        return
    place = doctor_grants.bucket(bucket.name)
    missing = [each for each in _PERMISSIONS if each not in held]
    yield from place.missing(missing, identity)
    if where and near and not may_load(where, near):
        yield wrong(
            "bucket",
            f"{shown} is in {where}, and the dataset in {near}: BigQuery does not load from there",
            f"Name a bucket that lies in {near}.",
        )
    elif purpose == HOME and bucket.retention_period:
        yield wrong(
            "bucket",
            f"{shown} has a retention policy of {bucket.retention_period:,} s: a run must replace files",
            "Name a bucket without a retention policy.",
        )
    elif not missing:
        yield ok("bucket", f"{shown} can be read and written{f', in {where}' if where else ''}")


def _held(bucket: Bucket) -> Sequence[str]:
    """Anybody may ask what they may do."""
    with translated(f"bucket gs://{bucket.name}"):
        return list(bucket.test_iam_permissions(list(_PERMISSIONS), timeout=_TIMEOUT_S, retry=None))


def _location(bucket: Bucket) -> str | None:
    """None where one may not ask: a run does not need to."""
    try:
        with translated(f"bucket gs://{bucket.name}"):
            bucket.reload(timeout=_TIMEOUT_S, retry=None)
    except GooglePermissionError:
        return None
    return None if bucket.location is None else str(bucket.location)
