"""A Secret Manager on loopback: a real gRPC server with Google's own message classes.

As strict as the real one where we lean on it (cloud.google.com/secret-manager/docs): `latest` is the version
added last whatever its state, only an enabled one is given out, a destroyed one stays destroyed, an etag that
does not match is FAILED_PRECONDITION, a wrong checksum is refused, what may not be done is PERMISSION_DENIED
with its permission, and names in answers hold the project's number.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import google_crc32c
import grpc
from google.cloud import secretmanager_v1 as sm
from google.iam.v1 import iam_policy_pb2
from google.rpc import error_details_pb2, status_pb2

NUMBER = "123456789012"
_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
_SECRET = r"projects/(?P<project>[^/]+)/(?:locations/(?P<location>[^/]+)/)?secrets/(?P<secret>[^/]+)"
_VERSION = rf"{_SECRET}/versions/(?P<version>[^/]+)"
_STATES = sm.SecretVersion.State


@dataclass
class Version:
    data: bytes
    etag: str
    state: Any = _STATES.ENABLED


@dataclass
class Kept:
    etag: str
    annotations: dict[str, str] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)


class _RefusedError(Exception):
    def __init__(self, code: grpc.StatusCode, message: str, details: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.details = code, message, details


class SecretManager:
    """`calls` counts what was asked, by method; `denied` are permissions that the caller lacks; `damage` is
    how many payloads still go out with a wrong checksum, `unavailable` how many calls of a method still fail;
    `gap` is how many numbers the next version leaves out.
    """

    def __init__(self) -> None:
        self.address = ""
        self.calls: Counter[str] = Counter()
        self.denied: set[str] = set()
        self.damage = 0
        self.gap = 0
        self.unavailable: Counter[str] = Counter()
        self.secrets: dict[str, Kept] = {}
        self._etags = itertools.count(1)
        self._lock = threading.RLock()

    def put(self, secret: str, *texts: str | bytes) -> None:
        """Make the secret `project/name` where it is missing, and add versions to it."""
        with self._lock:
            kept = self.secrets.setdefault(secret, Kept(self._etag()))
            for text in texts:
                data = text.encode() if isinstance(text, str) else text
                kept.versions[len(kept.versions) + 1] = Version(data, self._etag())

    def set_state(self, secret: str, number: int, state: str) -> None:
        version = self.secrets[secret].versions[number]
        version.state, version.etag = getattr(_STATES, state), self._etag()

    def texts(self, secret: str) -> list[str | None]:
        """What the versions hold, oldest first; None for one that is destroyed."""
        versions = self.secrets[secret].versions.values()
        return [None if each.state == _STATES.DESTROYED else each.data.decode() for each in versions]

    def _etag(self) -> str:
        return f'"{next(self._etags):x}"'

    def answer(self, method: str, request: Any) -> Any:
        with self._lock:
            self.calls[method] += 1
            if self.unavailable[method]:
                self.unavailable[method] -= 1
                raise _RefusedError(grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")
            return _METHODS[method][2](self, request)

    def _kept(self, name: str, permission: str, pattern: str = _SECRET) -> tuple[Kept, re.Match[str]]:
        found = re.fullmatch(pattern, name)
        if found is None:
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid resource field value: {name}")
        if permission in self.denied:
            raise self._denied(permission, name)
        secret = found["secret"]
        project = next((each.split("/")[0] for each in self.secrets if each.split("/")[1] == secret), None)
        key = f"{project if found['project'] == NUMBER else found['project']}/{secret}"
        if key not in self.secrets:
            raise _RefusedError(
                grpc.StatusCode.NOT_FOUND,
                f"Secret [projects/{NUMBER}/secrets/{secret}] not found or has no versions.",
            )
        return self.secrets[key], found

    @staticmethod
    def _denied(permission: str, name: str) -> _RefusedError:
        info = error_details_pb2.ErrorInfo(
            reason="IAM_PERMISSION_DENIED",
            domain="iam.googleapis.com",
            metadata={"permission": permission, "resource": name},
        )
        return _RefusedError(
            grpc.StatusCode.PERMISSION_DENIED,
            f"Permission '{permission}' denied for resource '{name}' (or it may not exist).",
            info,
        )

    def _version(self, name: str, permission: str) -> tuple[Version, str]:
        kept, found = self._kept(name, permission, _VERSION)
        asked = found["version"]
        number = max(kept.versions, default=0) if asked == "latest" else kept.aliases.get(asked, 0)
        number = int(asked) if asked.isdigit() else number
        full = f"{_full(found)}/versions/{number or asked}"
        if number not in kept.versions:
            raise _RefusedError(
                grpc.StatusCode.NOT_FOUND,
                f"Secret Version [{full}] not found."
                if kept.versions
                else f"Secret [{_full(found)}] not found or has no versions.",
            )
        return kept.versions[number], full

    def access(self, request: Any) -> Any:
        version, name = self._version(request.name, "secretmanager.versions.access")
        if version.state != _STATES.ENABLED:
            raise _RefusedError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"Secret Version [{name}] is in {version.state.name} state.",
            )
        crc = google_crc32c.value(version.data)
        if self.damage:
            self.damage, crc = self.damage - 1, crc ^ 1
        payload = sm.SecretPayload(data=version.data, data_crc32c=crc)
        return sm.AccessSecretVersionResponse(name=name, payload=payload)

    def get(self, request: Any) -> Any:
        kept, found = self._kept(request.name, "secretmanager.secrets.get")
        return sm.Secret(name=_full(found), etag=kept.etag, annotations=kept.annotations)

    def update(self, request: Any) -> Any:
        kept, found = self._kept(request.secret.name, "secretmanager.secrets.update")
        if list(request.update_mask.paths) != ["annotations"]:
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "Only annotations are known here.")
        self._match(request.secret.etag, kept.etag)
        kept.annotations, kept.etag = dict(request.secret.annotations), self._etag()
        return sm.Secret(name=_full(found), etag=kept.etag, annotations=kept.annotations)

    def add(self, request: Any) -> Any:
        kept, found = self._kept(request.parent, "secretmanager.versions.add")
        data = request.payload.data
        if "data_crc32c" in request.payload and request.payload.data_crc32c != google_crc32c.value(data):
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "The data does not match its checksum.")
        if not 0 < len(data) <= 65_536:
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "The payload has 1 to 65536 bytes.")
        number = max(kept.versions, default=0) + 1 + self.gap
        self.gap = 0
        kept.versions[number] = Version(data, self._etag())
        return self._shown(f"{_full(found)}/versions/{number}", kept.versions[number])

    def destroy(self, request: Any) -> Any:
        version, name = self._version(request.name, "secretmanager.versions.destroy")
        self._match(request.etag, version.etag)
        if version.state == _STATES.DESTROYED:
            raise _RefusedError(
                grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{name}] is already DESTROYED."
            )
        version.state, version.data, version.etag = _STATES.DESTROYED, b"", self._etag()
        return self._shown(name, version)

    def get_version(self, request: Any) -> Any:
        version, name = self._version(request.name, "secretmanager.versions.get")
        return self._shown(name, version)

    def test_permissions(self, request: Any) -> Any:
        held = [each for each in request.permissions if each not in self.denied]
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=held)

    @staticmethod
    def _shown(name: str, version: Version) -> Any:
        return sm.SecretVersion(name=name, state=version.state, etag=version.etag)

    @staticmethod
    def _match(given: str, present: str) -> None:
        if given and given != present:
            raise _RefusedError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"The etag provided in the request, {given}, does not match the resource's, {present}.",
            )


def _full(found: re.Match[str]) -> str:
    location = f"locations/{found['location']}/" if found["location"] else ""
    return f"projects/{NUMBER}/{location}secrets/{found['secret']}"


_METHODS: dict[str, Any] = {
    "AccessSecretVersion": (
        sm.AccessSecretVersionRequest,
        sm.AccessSecretVersionResponse,
        SecretManager.access,
    ),
    "GetSecret": (sm.GetSecretRequest, sm.Secret, SecretManager.get),
    "UpdateSecret": (sm.UpdateSecretRequest, sm.Secret, SecretManager.update),
    "AddSecretVersion": (sm.AddSecretVersionRequest, sm.SecretVersion, SecretManager.add),
    "DestroySecretVersion": (sm.DestroySecretVersionRequest, sm.SecretVersion, SecretManager.destroy),
    "GetSecretVersion": (sm.GetSecretVersionRequest, sm.SecretVersion, SecretManager.get_version),
    "TestIamPermissions": (
        iam_policy_pb2.TestIamPermissionsRequest,
        iam_policy_pb2.TestIamPermissionsResponse,
        SecretManager.test_permissions,
    ),
}


def _deserialize(kind: Any) -> Any:
    return kind.deserialize if hasattr(kind, "deserialize") else kind.FromString


def _serialize(kind: Any) -> Any:
    return kind.serialize if hasattr(kind, "serialize") else kind.SerializeToString


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no hints
    def __init__(self, server: SecretManager) -> None:
        self._server = server

    def service(self, details: Any) -> Any:
        service, _, method = details.method.lstrip("/").partition("/")
        if service != _SERVICE or method not in _METHODS:
            return None
        request, response, _ = _METHODS[method]

        def answer(message: Any, context: Any) -> Any:
            try:
                return self._server.answer(method, message)
            except _RefusedError as refused:
                _abort(context, refused)

        return grpc.unary_unary_rpc_method_handler(
            answer, request_deserializer=_deserialize(request), response_serializer=_serialize(response)
        )


def _abort(context: Any, refused: _RefusedError) -> None:
    status = status_pb2.Status(code=refused.code.value[0], message=refused.message)
    if refused.details is not None:
        status.details.add().Pack(refused.details)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(refused.code, refused.message)


@contextmanager
def secret_manager_server() -> Iterator[SecretManager]:
    """One that runs, empty; `address` is host and port, for `SECRET_MANAGER_EMULATOR_HOST`."""
    kept = SecretManager()
    server = grpc.server(ThreadPoolExecutor(8), handlers=[_Handler(kept)])
    kept.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield kept
    finally:
        server.stop(None).wait()
