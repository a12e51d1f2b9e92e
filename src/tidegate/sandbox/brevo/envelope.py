"""A page in its envelope, joined from rows that are JSON already."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.sandbox.brevo.table import Row, page

PAGING = frozenset({"limit", "offset", "sort"})


def joined(key: str, rows: Iterable[bytes]) -> bytes:
    """`"key":[row,row]`, without braces."""
    return b'"%b":[%b]' % (key.encode(), b",".join(rows))


def counted(key: str, rows: Iterable[bytes], count: int) -> bytes:
    """`{"key":[...],"count":n}`; n is the size of the whole listing, not of the page."""
    return b'{%b,"count":%d}' % (joined(key, rows), count)


def envelope(key: str, rows: list[Row], paging: tuple[int, int, bool]) -> bytes:
    """The page of a listing that `paging` (limit, offset, newest first) asks for."""
    limit, offset, newest_first = paging
    picked = page(rows, offset, limit, newest_first=newest_first)
    return counted(key, (row.body for row in picked), len(rows))
