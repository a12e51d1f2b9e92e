"""Content codings: a body decoded as it comes, in small pieces, and found out where it is cut short.

The HTTP library's own decoders take a gzip or br stream that ends in the middle for a whole one, and read
only the first of several gzip members (RFC 1952, 2.2).
"""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Protocol

MOST_LAYERS = 5  # each may multiply what is sent
# So much is decoded at once: a bomb is noticed before it stands in memory.
_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
# Not a coding that a header can name: a body that is a file, gzipped or not.
GZIP_FILE = "gzip file"


class CodingError(Exception):
    """The bytes are not what their coding says, or not all of them are here."""


class Coding(Protocol):
    def decode(self, data: bytes) -> Iterator[bytes]:
        """What can be decoded by now."""
        ...

    def end(self) -> None:
        """Raises `CodingError` where something is missing. That nothing came at all is well."""
        ...


class Decoder:
    """Undoes the `codings` of one body, given in the order they were applied, each of them `readable`."""

    def __init__(self, codings: Sequence[str]) -> None:
        self._layers = [_CODINGS[each]() for each in reversed(codings)]

    def decode(self, data: bytes) -> Iterator[bytes]:
        pieces: Iterable[bytes] = (data,)
        for layer in self._layers:
            pieces = _piped(layer, pieces)
        yield from pieces

    def end(self) -> None:
        for layer in self._layers:
            layer.end()


@cache
def extra_codings() -> tuple[str, ...]:
    """The codings beyond gzip and deflate that this installation can read."""
    return tuple(coding for coding, library in (("br", _brotli()), ("zstd", _zstd())) if library is not None)


def named(header: str) -> list[str]:
    """The codings of a `Content-Encoding` header; `identity` is none."""
    codings = (each.strip().lower() for each in header.split(","))
    return [_ALIASES.get(each, each) for each in codings if each not in ("", "identity")]


def readable(coding: str) -> bool:
    return coding in ("gzip", "deflate") or coding in extra_codings()


_ALIASES = {"x-gzip": "gzip"}  # RFC 9110, 8.4.1.3


def _piped(layer: Coding, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from layer.decode(piece)


class _Gzip:
    """One member or several; what follows the last and begins no other is padding, and is left alone."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._held = b""
        self._came = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._came = self._came or bool(data)
        while data:
            if self._member.eof:
                data = self._held + data
                if not data.startswith(_GZIP):
                    self._held = data if data == _GZIP[:1] else b""
                    return
                self._member, self._held = zlib.decompressobj(zlib.MAX_WBITS | 16), b""
            yield from _inflated(self._member, data)
            data = self._member.unused_data

    def end(self) -> None:
        if self._came and not self._member.eof:
            raise CodingError("the gzip stream is cut short")


class _GzipFile(_Gzip):
    """A gzip file, told by its first two bytes; anything else passes as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._head = b""
        self._plain: bool | None = None  # None: too little came to tell

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._plain is None:
            self._head += data
            if len(self._head) < len(_GZIP):
                return
            data, self._plain = self._head, not self._head.startswith(_GZIP)
        if self._plain:
            yield data
        else:
            yield from super().decode(data)

    def end(self) -> None:
        if self._plain is None and self._head:
            raise CodingError("a file of one byte")
        if not self._plain:
            super().end()


class _Deflate:
    """A zlib stream, as the RFC says, or a bare one, as some servers send."""

    def __init__(self) -> None:
        self._stream: Any = None
        self._head = b""

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:
                return
            data = self._head
            bare = data[0] & 0x0F != 8 or int.from_bytes(data[:2]) % 31
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS)
        if not self._stream.eof:
            yield from _inflated(self._stream, data)

    def end(self) -> None:
        if self._head and (self._stream is None or not self._stream.eof):
            raise CodingError("the deflate stream is cut short")


def _inflated(stream: Any, data: bytes) -> Iterator[bytes]:
    try:
        while piece := stream.decompress(data, _PIECE):
            yield piece
            data = stream.unconsumed_tail
    except zlib.error as error:
        raise CodingError(str(error)) from error


class _Brotli:
    def __init__(self) -> None:
        library = _brotli()
        self._error: type[Exception] = library.error
        self._stream = library.Decompressor()
        self._process = getattr(self._stream, "process", None) or self._stream.decompress  # brotlicffi
        self._came = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._came = self._came or bool(data)
        try:
            while piece := self._process(data, output_buffer_limit=_PIECE // 2):  # it may take twice that
                yield piece
                data = b""
        except self._error as error:
            raise CodingError(str(error)) from error

    def end(self) -> None:
        if self._came and not self._stream.is_finished():
            raise CodingError("the br stream is cut short")


class _Zstd:
    """One frame or several."""

    def __init__(self) -> None:
        self._library = _zstd()
        self._frame = self._library.ZstdDecompressor()
        self._came = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._came = self._came or bool(data)
        try:
            while data:
                if self._frame.eof:
                    self._frame = self._library.ZstdDecompressor()
                while piece := self._frame.decompress(data, _PIECE):
                    yield piece
                    data = b""
                    if self._frame.eof:
                        break
                data = self._frame.unused_data
        except self._library.ZstdError as error:
            raise CodingError(str(error)) from error

    def end(self) -> None:
        if self._came and not self._frame.eof:
            raise CodingError("the zstd stream is cut short")


_CODINGS: dict[str, Callable[[], Coding]] = {
    "gzip": _Gzip, "deflate": _Deflate, "br": _Brotli, "zstd": _Zstd, GZIP_FILE: _GzipFile,
}  # fmt: skip


@cache
def _brotli() -> Any:
    return _installed("brotli") or _installed("brotlicffi")


@cache
def _zstd() -> Any:
    return _installed("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
