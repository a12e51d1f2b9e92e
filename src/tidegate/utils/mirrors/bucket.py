"""Objects of Cloud Storage by name, each written only over the generation that the writer knows.

A generation is Google's number of one content of an object; `ABSENT` stands for no object. Every write here
is a compare-and-swap but `put`. Requests are repeated as Google's own client repeats them, until `patience_s`
has passed or the run is stopped. All functions block, and may be called from several threads.
"""

from __future__ import annotations

import base64
import io
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, TypeAlias

from tidegate.utils.errors import SettingsError
from tidegate.utils.gcp_errors import GooglePreconditionError, GoogleUnavailableError, translated

Content: TypeAlias = BinaryIO | io.RawIOBase

ABSENT = 0
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
PATIENCE_S = 120.0
_CHUNK = 8 << 20  # bytes; more than this go up in a resumable session, this much in memory at a time
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as it stands. `crc32c` is base64, as Google gives it; `updated` is by the server's clock."""

    name: str
    generation: int
    crc32c: str
    size: int
    updated: datetime | None = None


class Bucket:
    """Everything under `gs://bucket/prefix`. `stopping` says whether to give up what fails, not to repeat it.

    Errors are `GoogleError`s that name the object: a bucket that is missing, one that may not be used.
    """

    def __init__(
        self, url: str, *, stopping: Callable[[], bool] = lambda: False, patience_s: float = PATIENCE_S
    ) -> None:
        self.name, self.prefix = check_url(url)
        self.url = f"gs://{self.name}/{self.prefix}".rstrip("/")
        self.stopping = stopping
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._bucket: Any = None

    def __repr__(self) -> str:
        return f"Bucket({self.url!r})"

    def swap(self, name: str, body: bytes | Content, size: int, generation: int) -> Stored:
        """Write over the object as `generation` has it, or make it where that is `ABSENT`.

        Fine where it is already what would be written: an answer that was lost, or the same work done
        elsewhere. Raises `GooglePreconditionError` where it is anything else.
        """
        blob = self._blob(name)
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        with translated(self.shown(name)):
            from google.api_core.exceptions import PreconditionFailed

            try:
                self._upload(blob, stream, size, if_generation_match=generation)
            except PreconditionFailed as error:
                stands = self.look(name)
                if stands is None or (stands.crc32c, stands.size) != (checksum_of(stream), size):
                    raise GooglePreconditionError(
                        f"{self.shown(name)}: somebody else has written it meanwhile",
                        hint="Another run works here. Let it end; then the same command again resumes.",
                    ) from error
                return stands
        return _stored(blob, name)

    def put(self, name: str, body: bytes) -> Stored:
        """Write it whatever stands there: of two writers the last one wins."""
        blob = self._blob(name)
        with translated(self.shown(name)):
            self._upload(blob, io.BytesIO(body), len(body))
        return _stored(blob, name)

    def look(self, name: str) -> Stored | None:
        """What stands there, without its content."""
        with translated(self.shown(name)):
            blob = self._open().get_blob(self._full(name), retry=self._retry(), timeout=_TIMEOUT_S)
        return None if blob is None else _stored(blob, name)

    def read(self, name: str) -> tuple[bytes, Stored] | None:
        """Its content, and what it is of."""
        into = io.BytesIO()
        stored = self.copy(name, into)
        return None if stored is None else (into.getvalue(), stored)

    def copy(self, name: str, into: Any) -> Stored | None:
        """Append its content to an open file, checked by its checksum. None, and nothing, where none is."""
        blob = self._blob(name)
        summed = _Summed(into)
        with translated(self.shown(name)):
            from google.api_core.exceptions import NotFound

            try:
                blob.download_to_file(summed, checksum="crc32c", retry=self._retry(), timeout=_TIMEOUT_S)
            except NotFound:
                return None
        if blob.crc32c and summed.crc32c != blob.crc32c:  # the client does not check one that was cut
            raise GoogleUnavailableError(
                f"{self.shown(name)}: damaged on its way", hint="Run the same command again: it resumes."
            )
        return Stored(name, int(blob.generation), str(blob.crc32c or ""), summed.size)

    def names(self, under: str, limit: int | None = None) -> Iterator[Stored]:
        """The objects whose names begin with `under`, in the order of their names, a thousand a request."""
        client = self._open().client
        with translated(self.shown(under)):
            for blob in client.list_blobs(
                self.name,
                prefix=self._full(under),
                max_results=limit,
                fields="items(name,generation,crc32c,size,updated),nextPageToken",
                retry=self._retry(),
                timeout=_TIMEOUT_S,
            ):
                yield _stored(blob, blob.name[len(self._full("")) :])

    def delete(self, name: str, generation: int | None = None) -> bool:
        """Whether it was there; with a generation, another one stays and `GooglePreconditionError` is
        raised.
        """
        with translated(self.shown(name)):
            from google.api_core.exceptions import NotFound

            try:
                self._blob(name).delete(
                    if_generation_match=generation, retry=self._retry(), timeout=_TIMEOUT_S
                )
            except NotFound:
                return False
        return True

    def shown(self, name: str) -> str:
        """As a person names it."""
        return f"gs://{self.name}/{self._full(name)}"

    def _upload(self, blob: Any, stream: Content, size: int, **condition: int) -> None:
        if size > _CHUNK:
            blob.chunk_size = _CHUNK
        blob.upload_from_file(
            stream, size=size, checksum="crc32c", retry=self._retry(), timeout=_TIMEOUT_S, **condition
        )

    def _full(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _blob(self, name: str) -> Any:
        return self._open().blob(self._full(name))

    def _open(self) -> Any:
        with self._lock:
            if self._bucket is None:
                from tidegate.utils.gcp_clients import storage_client

                self._bucket = storage_client().bucket(self.name)
            return self._bucket

    def _retry(self) -> Any:
        return _Retry(self.stopping, self._patience_s)


class _Retry:
    """Google's policy (which errors, which pauses), cut short by a stop."""

    def __init__(self, stopping: Callable[[], bool], patience_s: float) -> None:
        from google.cloud.storage.retry import DEFAULT_RETRY

        self._stopping = stopping
        self._policy = DEFAULT_RETRY.with_timeout(patience_s).with_delay(initial=0.5, maximum=8.0)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        repeated: Callable[..., Any] = self._policy(function, on_error=self._raise_when_stopping)
        return repeated

    def _raise_when_stopping(self, error: Exception) -> None:
        if self._stopping():
            raise error


class _Summed:
    """An open file; what is written to it is counted and summed."""

    def __init__(self, into: Any) -> None:
        self._into, self._value, self.size = into, 0, 0

    def write(self, data: bytes) -> int:
        import google_crc32c

        self._value, self.size = google_crc32c.extend(self._value, data), self.size + len(data)
        written: int = self._into.write(data)
        return written

    @property
    def crc32c(self) -> str:
        return _encoded(self._value)


def checksum_of(content: Content) -> str:
    """CRC32C of all of it, as Google writes it: four bytes, big-endian, base64."""
    import google_crc32c

    content.seek(0)
    value = 0
    while chunk := content.read(1 << 20):
        value = google_crc32c.extend(value, chunk)
    return _encoded(value)


def _encoded(crc32c: int) -> str:
    return base64.b64encode(crc32c.to_bytes(4, "big")).decode()


def _stored(blob: Any, name: str) -> Stored:
    return Stored(name, int(blob.generation), str(blob.crc32c or ""), int(blob.size or 0), blob.updated)


def check_url(url: str) -> tuple[str, str]:
    """Bucket and prefix of `gs://bucket/prefix`. Raises `SettingsError`."""
    name, _, prefix = url.removeprefix("gs://").partition("/")
    prefix = prefix.removesuffix("/")
    parts = prefix.split("/") if prefix else []
    named = url.startswith("gs://") and url.isprintable() and _BUCKET.fullmatch(name)
    if not named or any(part in {"", ".", ".."} for part in parts):
        raise SettingsError(
            f"TIDEGATE_HOME is {url!r}: this is no place in Cloud Storage",
            hint="Write gs://bucket/prefix, or the path of a local folder.",
        )
    return name, prefix
