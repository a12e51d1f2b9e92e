"""Bodies: read whole under caps of size, of expansion and of time, whatever a server sends."""

from __future__ import annotations

import codecs
import time

import httpx2

from tidegate.http_tools.codings import GZIP_FILE, MOST_LAYERS, CodingError, Decoder, named, readable
from tidegate.http_tools.effects import UNZIPPED
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
    """Collects one body, decoded as it comes.

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
    ) -> None:
        self._request, self._response = request, response
        self._max_bytes, self._max_ratio, self._deadline = max_bytes, max_ratio, deadline
        self._pieces: list[bytes] = []
        self._size = 0
        self._decoder = Decoder(self._codings())
        self._file = Decoder([GZIP_FILE] if request.extensions.get(UNZIPPED) else [])

    def add(self, sent: bytes) -> None:
        """Take what came over the wire. Raises `httpx2.DecodingError` where it makes no sense."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise httpx2.ReadTimeout("the whole answer took too long", request=self._request)
        try:
            for piece in self._decoder.decode(sent):
                self.keep(piece)
        except CodingError as error:
            raise httpx2.DecodingError(str(error), request=self._request) from error

    def keep(self, decoded: bytes) -> None:
        """Take what is decoded already, as the body of a mock is."""
        try:
            for piece in self._file.decode(decoded):
                self._keep(piece)
        except CodingError as error:
            raise httpx2.DecodingError(str(error), request=self._request) from error

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise self._too_large(f"is over {self._max_bytes} bytes")
        came = self._response.num_bytes_downloaded  # 0 of a transport that has no wire
        if came and self._size > max(RATIO_COUNTS_FROM, self._max_ratio * came):
            raise self._too_large(f"expands to more than {self._max_ratio:g} times what was sent")
        self._pieces.append(piece)

    def whole(self) -> httpx2.Response:
        """The answer with its body, both free of the connection that they came by.

        Raises `httpx2.DecodingError` where the body ends in the middle of its coding.
        """
        try:
            self._decoder.end()
            self._file.end()
        except CodingError as error:
            raise httpx2.DecodingError(str(error), request=self._request) from error
        return answer_of(self._request, self._response, b"".join(self._pieces))

    def _codings(self) -> list[str]:
        if "content-encoding" not in self._response.headers:
            return []
        codings = named(self._response.headers["content-encoding"])
        unread = next((each for each in codings if not readable(each)), None)
        if unread is None and len(codings) <= MOST_LAYERS:
            return codings
        told = f"{len(codings)} layers deep" if unread is None else repr(unread[:20])
        raise ContractError(
            f"{self._request.method} {self._request.url.path}: the body's encoding {told} was not asked for"
            " and cannot be read",
            hint="pip install 'tidegate[compression]'" if unread in _EXTRA else None,
        )

    def _too_large(self, how: str) -> ResponseTooLargeError:
        return ResponseTooLargeError(f"{self._request.method} {self._request.url.path}: the answer {how}")


def answer_of(request: httpx2.Request, response: httpx2.Response, content: bytes) -> httpx2.Response:
    """The answer with this body, decoded and whole."""
    raw = response.headers.raw
    headers = [(name, value) for name, value in raw if name.decode("latin-1").lower() not in _WIRE_HEADERS]
    answer = httpx2.Response(response.status_code, headers=headers, content=content, request=request)
    named_charset = "charset" in answer.headers.get("content-type", "").lower()  # to read it takes longer
    if named_charset and (encoding := _text_encoding(answer.charset_encoding, content[:4])) is not None:
        answer.encoding = encoding
    return answer


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
