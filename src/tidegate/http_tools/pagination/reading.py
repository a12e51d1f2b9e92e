"""What a paginator reads of a page: values by dotted path, counts, and pages that come again."""

from __future__ import annotations

from typing import Any, Final

from tidegate.http_tools.headers import number
from tidegate.http_tools.pagination.base import PageView

_HEADER = "header:"


class Missing:
    """Nothing stands at a path. Not null, which does."""

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


def dig(doc: Any, path: str) -> Any:
    """The value at `meta.next` in a decoded body; `MISSING` where there is none.

    A key that holds dots itself (`@odata.nextLink`) is found first; a number is a position in a list.
    """
    if isinstance(doc, dict) and path in doc:
        return doc[path]
    head, dot, rest = path.partition(".")
    if isinstance(doc, dict) and dot and head in doc:
        return dig(doc[head], rest)
    if isinstance(doc, list) and head.isascii() and head.isdigit() and len(head) < 7 and int(head) < len(doc):
        return dig(doc[int(head)], rest) if dot else doc[int(head)]
    return MISSING


def header_of(path: str | None) -> str | None:
    """The name of the header that `header:x-total` means, in lower case; None for a path into the body."""
    return path[len(_HEADER) :].lower() if path is not None and path.startswith(_HEADER) else None


def headers_of(*paths: str | None) -> frozenset[str]:
    return frozenset(name for path in paths if (name := header_of(path)) is not None)


def count(page: PageView, path: str | None) -> float | None:
    """The number at a path of the body, or in a header (`header:x-total`), also where it is written as text.

    None where there is none, or one that counts nothing: negative, infinite.
    """
    if path is None:
        return None
    if (name := header_of(path)) is not None:
        return number(page.headers.get(name))
    value = dig(page.doc, path)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return number(str(value))


class Repeats:
    """Notices a listing that goes in circles by its rows alone, whatever its cursors say.

    Brent's method: each page is compared with the one before and with one kept page, which is replaced after
    1, 2, 4 ... pages. No circle goes on for more than about three rounds. Two pages are held, and where
    their reader lets go of what was decoded of them, little more than their bytes.
    """

    def __init__(self) -> None:
        self._before: _Seen | None = None
        self._kept: _Seen | None = None
        self._until = 1

    def of(self, page: PageView) -> int | None:
        """The position of an earlier page that had the very rows of this one; None where there is none."""
        rows, index = page.all_items, page.request.index
        like = (each.index for each in (self._before, self._kept) if each is not None and each.had(rows))
        found = next(like, None)
        self._before = _Seen(page)
        if index >= self._until:
            self._kept, self._until = self._before, 2 * index + 1
        return found


class _Seen:
    """A page that was read, and a few of its rows, which tell nearly all others from it."""

    def __init__(self, page: PageView) -> None:
        self._page, self.index = page, page.request.index
        self._rows, self._some = len(page.all_items), _some(page.all_items)

    def had(self, rows: list[Any]) -> bool:
        """Whether these were its rows, and there were any."""
        return 0 < len(rows) == self._rows and _some(rows) == self._some and self._page.all_items == rows


def _some(rows: list[Any]) -> list[Any]:
    """The first, the last and one between."""
    return [rows[at] for at in (0, len(rows) // 2, -1)] if rows else []
