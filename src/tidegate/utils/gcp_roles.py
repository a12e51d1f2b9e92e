"""Which predefined role brings a permission with the least beside it.

Source: cloud.google.com/iam/docs/roles-permissions, the services' own pages on access control.
"""

from __future__ import annotations

import re

_BIGQUERY_EDITOR = "roles/bigquery.dataEditor"
_SECRET_VERSIONS = "roles/secretmanager.secretVersionManager"  # noqa: S105 - the name of a role
_ROLES = {
    "bigquery.jobs.create": "roles/bigquery.jobUser",
    "bigquery.jobs.get": "roles/bigquery.jobUser",
    "bigquery.datasets.create": "roles/bigquery.user",
    "bigquery.datasets.get": _BIGQUERY_EDITOR,
    "bigquery.datasets.update": "roles/bigquery.dataOwner",
    "bigquery.datasets.delete": "roles/bigquery.dataOwner",
    "bigquery.tables.create": _BIGQUERY_EDITOR,
    "bigquery.tables.delete": _BIGQUERY_EDITOR,
    "bigquery.tables.get": _BIGQUERY_EDITOR,
    "bigquery.tables.getData": _BIGQUERY_EDITOR,
    "bigquery.tables.list": _BIGQUERY_EDITOR,
    "bigquery.tables.update": _BIGQUERY_EDITOR,
    "bigquery.tables.updateData": _BIGQUERY_EDITOR,
    "iam.serviceAccounts.getAccessToken": "roles/iam.serviceAccountTokenCreator",
    "secretmanager.versions.access": "roles/secretmanager.secretAccessor",
    "secretmanager.versions.add": _SECRET_VERSIONS,  # who adds also destroys what is replaced
    "secretmanager.versions.destroy": _SECRET_VERSIONS,
    "secretmanager.versions.get": _SECRET_VERSIONS,
    "secretmanager.versions.list": _SECRET_VERSIONS,
    "secretmanager.secrets.get": "roles/secretmanager.viewer",
    "secretmanager.secrets.update": "roles/secretmanager.admin",
    "serviceusage.services.use": "roles/serviceusage.serviceUsageConsumer",
    "storage.buckets.create": "roles/storage.admin",
    "storage.buckets.get": "roles/storage.legacyBucketReader",
    "storage.objects.create": "roles/storage.objectUser",
    "storage.objects.delete": "roles/storage.objectUser",
    "storage.objects.get": "roles/storage.objectUser",
    "storage.objects.list": "roles/storage.objectUser",
    "storage.objects.update": "roles/storage.objectUser",
}
_PERMISSION = re.compile(
    r"\b(?:bigquery|storage|secretmanager|resourcemanager|iam|serviceusage|cloudkms)\.[a-zA-Z]+\.[a-zA-Z]+\b"
)


def role_for(permission: str) -> str | None:
    """None for a permission that tidegate itself never needs."""
    return _ROLES.get(permission)


def permission_in(text: str) -> str | None:
    """The permission that a message of Google's names. Names of hosts and accounts are none."""
    for found in _PERMISSION.finditer(text):
        beside = text[max(0, found.start() - 1)] + text[found.end() : found.end() + 1]
        if not set(beside) & set("@/."):
            return found.group()
    return None
