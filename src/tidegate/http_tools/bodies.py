"""Bodies: read whole under caps of size, of expansion and of time, whatever a server sends."""

from __future__ import annotations

import codecs
import importlib.util
import sys
import time
from functools import cache

import httpx2

from tidegate.http_tools.exceptions import ContractError, ResponseTooLargeError

# These headers describe the body as it travelled; the body that we hand on is decoded and whole.
_WIRE_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})
# Below so many decoded bytes a body may expand as it likes: short ones of blanks do.
RATIO_COUNTS_FROM = 1 << 20
_PLAIN = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252"})
_MARKED = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
_ANY = b"\xff\x00a"
_EXTRA = frozenset({"br", "zstd"})


class Body:
    """Collects one decoded body.

    More than `max_bytes`, or more than `max_ratio` times the bytes that came over the wire, raises
    `ResponseTooLargeError`; a server that drips is cut at `deadline` (by `time.monotonic`).
    """

    def __init__(
        self,
        request: httpx2.Request,
        response: httpx2.Response,
        *,
        max_bytes: int,
        max_ratio: float,
        deadline: float | None = None,
        decoded: bool = True,
    ) -> None:
        self._request, self._response = request, response
        self._max_bytes, self._max_ratio, self._deadline = max_bytes, max_ratio, deadline
        self._chunks: list[bytes] = []
        self._size = 0
        if decoded:
            self._check_codings()

    def add(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise self._too_large(f"is over {self._max_bytes} bytes")
        came = self._response.num_bytes_downloaded  # 0 of a transport that has no wire
        if came and self._size > max(RATIO_COUNTS_FROM, self._max_ratio * came):
            raise self._too_large(f"expands to more than {self._max_ratio:g} times what was sent")
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise httpx2.ReadTimeout("the whole answer took too long", request=self._request)
        self._chunks.append(chunk)

    def whole(self) -> httpx2.Response:
        """The answer with its body, both free of the connection that they came by."""
        headers = [
            (k, v) for k, v in self._response.headers.raw if k.decode("latin-1").lower() not in _WIRE_HEADERS
        ]
        response = httpx2.Response(
            self._response.status_code,
            headers=headers,
            content=b"".join(self._chunks),
            request=self._request,
        )
        if (encoding := _text_encoding(response.charset_encoding, response.content[:4])) is not None:
            response.encoding = encoding
        return response

    def _check_codings(self) -> None:
        if "content-encoding" not in self._response.headers:
            return
        known = {"identity", "gzip", "deflate", *available_codings(), ""}
        for value in self._response.headers.get_list("content-encoding", split_commas=True):
            if (coding := value.strip().lower()) not in known:
                hint = "pip install 'tidegate[compression]'" if coding in _EXTRA else None
                raise ContractError(
                    f"{self._request.method} {self._request.url.path}: the body's encoding {coding[:20]!r}"
                    " was not asked for and cannot be read",
                    hint=hint,
                )

    def _too_large(self, how: str) -> ResponseTooLargeError:
        return ResponseTooLargeError(f"{self._request.method} {self._request.url.path}: the answer {how}")


@cache
def available_codings() -> tuple[str, ...]:
    """The content codings beyond gzip and deflate that this installation can read."""
    br = any(map(importlib.util.find_spec, ("brotli", "brotlicffi")))
    zstd = sys.version_info >= (3, 14) or (
        importlib.util.find_spec("backports") is not None
        and importlib.util.find_spec("backports.zstd") is not None
    )
    return (*(["br"] if br else []), *(["zstd"] if zstd else []))


def _text_encoding(charset: str | None, start: bytes) -> str | None:
    """What `.text` is to decode by where `charset` itself would raise; None where it would not.

    `hex`, `idna` or `undefined` are names of codecs, too; and UTF-16 without a mark of its order raises.
    """
    if charset is None or charset.lower() in _PLAIN:
        return None
    try:
        name = codecs.lookup(charset).name
        if name in _MARKED:
            return None if start.startswith(_MARKED[name]) else f"{name}-le"
        if name.endswith("escape"):
            return "utf-8"
        _ANY.decode(name, "replace")  # raises for what is no encoding of text
        codecs.getincrementaldecoder(name)("replace").decode(_ANY, final=True)
    except (LookupError, ValueError, AttributeError):
        return "utf-8"
    return None
