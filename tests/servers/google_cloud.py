"""Google Cloud on loopback as far as `tidegate doctor` asks it: who may do what, and where things are.

As strict as the real services where it matters: a request without the token is 401, each call wants the
permission that the documentation names for it, at the level where it was granted, and what may not be seen is
told in the words of the service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.http_tools.loopback import Answer, Loopback, Seen, as_json

ROBOT = "robot@acme.iam.gserviceaccount.com"
LOADER = "loader@acme.iam.gserviceaccount.com"
_TOKEN, _IMPERSONATED = "token-of-robot", "token-of-loader"
_DATASET = r"/bigquery/v2/projects/(?P<project>[^/]+)/datasets/(?P<dataset>[^/]+)"


@dataclass
class GoogleCloud:
    """`on_project`, `on_dataset` and `on_bucket` are the permissions granted there; `datasets` and `buckets`
    have their locations, `tables` those of any dataset. `manager` says whether the API that tells of
    permissions on projects is switched on.
    """

    loopback: Loopback = field(default_factory=Loopback)
    on_project: set[str] = field(default_factory=set)
    on_dataset: set[str] = field(default_factory=set)
    on_bucket: set[str] = field(default_factory=set)
    datasets: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, str] = field(default_factory=dict)
    retention_s: int = 0  # of every bucket
    tables: list[str] = field(default_factory=list)
    manager: bool = True

    @property
    def url(self) -> str:
        return self.loopback.url

    @property
    def written(self) -> list[Seen]:
        """What would have changed something."""
        return [each for each in self.loopback.seen if self._writes(each)]

    @staticmethod
    def _writes(seen: Seen) -> bool:
        if seen.path.endswith("/jobs"):
            return not json.loads(seen.body)["configuration"].get("dryRun")
        return seen.method not in {"GET", "HEAD"} and not re.search(
            r"/token|testIamPermissions|generateAccessToken", seen.path
        )

    def environment(self, folder: Path) -> dict[str, str]:
        """Of a process that is the robot, and whose endpoints are all here."""
        key = {
            "type": "service_account",
            "project_id": "acme",
            "private_key_id": "1",
            "private_key": _private_key(),
            "client_email": ROBOT,
            "token_uri": f"{self.url}/token",
        }
        path = folder / "key.json"
        path.write_text(json.dumps(key))
        ends = ("BIGQUERY", "STORAGE", "RESOURCE_MANAGER", "IAM_CREDENTIALS")
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(path),
            **{f"TIDEGATE_GOOGLE_{name}_ENDPOINT": self.url for name in ends},
        }

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            return as_json({"access_token": _TOKEN, "expires_in": 3600, "token_type": "Bearer"})
        if seen.headers.get("authorization") not in {f"Bearer {_TOKEN}", f"Bearer {_IMPERSONATED}"}:
            return _error(401, "Request had invalid authentication credentials.", "authError")
        for pattern, way in _WAYS:
            if found := re.fullmatch(pattern, f"{seen.method} {seen.path}"):
                answer: Answer = way(self, seen, **found.groupdict())
                return answer
        return _error(404, f"no such method here: {seen.method} {seen.path}", "notFound")

    def _project(self, seen: Seen, **_: str) -> Answer:
        if not self.manager:
            return _error(
                403,
                "Cloud Resource Manager API has not been used in project 123 before or it is disabled.",
                "accessNotConfigured",
            )
        asked = json.loads(seen.body)["permissions"]
        return as_json({"permissions": [each for each in asked if each in self.on_project]})

    def _impersonate(self, _: Seen, account: str) -> Answer:
        if "iam.serviceAccounts.getAccessToken" not in self.on_project:
            told = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
            return _error(403, told, "forbidden")
        assert account == LOADER
        return as_json({"accessToken": _IMPERSONATED, "expireTime": "2099-01-01T00:00:00Z"})

    def _may(self, permission: str) -> bool:
        return permission in self.on_project | self.on_dataset

    def _dataset(self, _: Seen, project: str, dataset: str) -> Answer:
        if not self._may("bigquery.datasets.get"):
            where = f"Dataset {project}:{dataset}"
            return _error(
                403,
                f"Access Denied: {where}: Permission bigquery.datasets.get denied on dataset "
                f"{project}:{dataset} (or it may not exist).",
                "accessDenied",
            )
        if dataset not in self.datasets:
            return _error(404, f"Not found: Dataset {project}:{dataset}", "notFound")
        reference = {"projectId": project, "datasetId": dataset}
        return as_json({"datasetReference": reference, "location": self.datasets[dataset]})

    def _list(self, _: Seen, project: str, dataset: str) -> Answer:
        if not self._may("bigquery.tables.list"):
            return _denied("bigquery.tables.list", f"Dataset {project}:{dataset}")
        found = [
            {"tableReference": {"projectId": project, "datasetId": dataset, "tableId": each}}
            for each in self.tables
        ]
        return as_json({"tables": found[:1], "totalItems": len(found)})

    def _table(self, seen: Seen, **_: str) -> Answer:
        asked = json.loads(seen.body)["permissions"]
        return as_json({"permissions": [each for each in asked if self._may(each)]})

    def _job(self, seen: Seen, project: str) -> Answer:
        if "bigquery.jobs.create" not in self.on_project:
            return _error(
                403,
                f"Access Denied: Project {project}: User does not have bigquery.jobs.create permission in "
                f"project {project}.",
                "accessDenied",
            )
        job = json.loads(seen.body)
        if "CREATE TABLE" in job["configuration"]["query"]["query"] and not self._may(
            "bigquery.tables.create"
        ):
            return _denied("bigquery.tables.create", f"Dataset {project}:shop")
        return as_json({**job, "status": {"state": "DONE"}, "statistics": {"totalBytesProcessed": "0"}})

    def _bucket(self, _: Seen, bucket: str) -> Answer:
        if bucket not in self.buckets:
            return _error(404, "The specified bucket does not exist.", "notFound")
        if "storage.buckets.get" not in self.on_bucket:
            return _error(
                403,
                f"{ROBOT} does not have storage.buckets.get access to the Google Cloud Storage bucket. "
                "Permission 'storage.buckets.get' denied on resource (or it may not exist).",
                "forbidden",
            )
        told: dict[str, Any] = {"name": bucket, "location": self.buckets[bucket]}
        if self.retention_s:
            told["retentionPolicy"] = {"retentionPeriod": str(self.retention_s)}
        return as_json(told)

    def _of_bucket(self, seen: Seen, bucket: str) -> Answer:
        if bucket not in self.buckets:
            return _error(404, "The specified bucket does not exist.", "notFound")
        asked = re.findall(r"permissions=([^&]+)", seen.target)
        return as_json({"permissions": [each for each in asked if each in self.on_bucket]})


_WAYS: tuple[tuple[str, Any], ...] = (
    (r"POST /v1/projects/-/serviceAccounts/(?P<account>[^/]+):generateAccessToken", GoogleCloud._impersonate),
    (r"POST /v1/projects/(?P<project>[^/]+):testIamPermissions", GoogleCloud._project),
    (rf"GET {_DATASET}", GoogleCloud._dataset),
    (rf"GET {_DATASET}/tables", GoogleCloud._list),
    (rf"POST {_DATASET}/tables/(?P<table>[^/]+):testIamPermissions", GoogleCloud._table),
    (r"POST /bigquery/v2/projects/(?P<project>[^/]+)/jobs", GoogleCloud._job),
    (r"GET /storage/v1/b/(?P<bucket>[^/]+)", GoogleCloud._bucket),
    (r"GET /storage/v1/b/(?P<bucket>[^/]+)/iam/testPermissions", GoogleCloud._of_bucket),
)


def _denied(permission: str, where: str) -> Answer:
    return _error(
        403,
        f"Access Denied: {where}: Permission {permission} denied on it (or it may not exist).",
        "accessDenied",
    )


def _error(code: int, message: str, reason: str) -> Answer:
    listed = [{"message": message, "domain": "global", "reason": reason}]
    return as_json({"error": {"code": code, "message": message, "errors": listed}}, status=code)


@cache
def _private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


@contextmanager
def google_cloud() -> Iterator[GoogleCloud]:
    made = GoogleCloud()
    made.loopback.by = made.answer
    try:
        yield made
    finally:
        made.loopback.close()
