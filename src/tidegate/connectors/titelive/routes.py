"""How Titelive's two listings are walked. Both need a look at each answer before the next request is known.

A row is one article with its work: `{"ean", "deleted", "oeuvre", "article"}`, the two as they came, the work
without the articles in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tidegate.connectors.titelive.eans import SEPARATOR
from tidegate.contracts.normalising import list_of_numbered
from tidegate.http_tools.exceptions import ListingMovedError, PaginationError
from tidegate.http_tools.pagination import Ask, Odd, PageView, Rows, Steps

Row = dict[str, Any]

MOST_HITS = 20_000  # that a search counts and shows
PAGE = 120
# Asked where nothing else was found: an API that answers 404 to this one, too, is not the API.
_PROBE = "search?base=paper&page=1&nombre=1"


def by_ean(batch: str) -> Steps:
    """The articles with these EANs, at most 250 joined by `|`.

    One EAN that the API does not know any more makes it answer 404 for all. Then each is asked for alone, and
    a 404 for one means that it was deleted: a row says so. One that an answer leaves out is asked for alone,
    too. Raises `PaginationError` where nothing is known and the search answers 404 as well.
    """
    eans = batch.split(SEPARATOR)
    found: dict[Any, Row] = {}
    page = yield Ask({"in": f"ean={batch}"})
    if page.status_code != 404:
        for row in _rows_of(_hits(page)):
            found.setdefault(row.get("ean"), row)
        yield Rows(page, [found[ean] for ean in eans if ean in found])
    known = checked = bool(found)
    for ean in eans:
        if ean not in found:
            page = yield Ask(url=f"ean/{ean}")
            yield Rows(page, [_alone(page, ean)])
            known = known or page.status_code != 404
            if not (known or checked):
                _check_probe((yield Ask(url=_PROBE)))
                checked = True
    if not known and len(eans) > 1:
        yield Odd(f"none of {len(eans)} EANs that were asked for together is known: all are told as deleted")


def _check_probe(page: PageView) -> None:
    if page.status_code == 404:
        raise PaginationError(
            "the API answers 404 to everything, so nothing tells that these EANs were deleted:"
            " is TITELIVE_BASE_URL right?"
        )


def by_day(base: str, day: str) -> Steps:
    """The works of `base` of which an article was modified on `day` (DD/MM/YYYY), whole, each once.

    The latest come first, so that what is modified meanwhile pushes the others on to later pages, where they
    are known again, and none slips by. Pages are read again from the first one until as many works have come
    as were counted. Raises `PaginationError` where the day holds more than a search shows, or another number
    than was counted comes, and `ListingMovedError` where works have left the day meanwhile.
    """
    asked = {"base": base, "dateminm": day, "datemaxm": day, "nombre": PAGE}
    found = _Found(f"{base} modified on {day}")
    before = -1
    while len(found.ids) > before:
        before = len(found.ids)
        yield from _all_pages({**asked, "tri": "datemodification", "tri_ordre": "desc"}, found)
        if found.whole:
            return
    raise found.another_number()


def _all_pages(asked: dict[str, Any], found: _Found) -> Steps:
    came = 0
    for number in count(1):
        page = yield Ask({**asked, "page": number})
        hits = _hits(page)
        yield Rows(page, list(_rows_of(found.fresh(hits, _total(page, found.of)))))
        came += len(hits)
        if not hits or found.whole or came >= found.total:
            return


@dataclass
class _Found:
    """Works that have come, and how many there are, as far as is known. `of` says whose, for a person."""

    of: str
    ids: set[str] = field(default_factory=set)
    total: int = -1

    @property
    def whole(self) -> bool:
        return len(self.ids) == self.total

    def fresh(self, hits: list[Any], total: int) -> list[Any]:
        """Those works of a page that have not come before."""
        if total < self.total:
            raise self._moved()
        self.total = total
        before, fresh = len(self.ids), []
        for hit in hits:
            if (known := _id(hit)) not in self.ids:
                self.ids.add(known)
                fresh.append(hit)
        if len(self.ids) > total:  # of one page alone nothing can have moved
            raise self._moved() if before else self.another_number()
        return fresh

    def _moved(self) -> ListingMovedError:
        return ListingMovedError(f"works of {self.of} have left that day while they were read")

    def another_number(self) -> PaginationError:
        return PaginationError(
            f"the API counts {self.total:,} works of {self.of}, and sent {len(self.ids):,}"
        )


def _hits(page: PageView) -> list[Any]:
    """The works of a page: a list, or an object with numbers for keys."""
    if not isinstance(page.doc, dict) or "result" not in page.doc:
        raise PaginationError("the key 'result' is missing from the body")
    hits = list_of_numbered(page.doc["result"])
    if not isinstance(hits, list):
        raise PaginationError(f"'result' holds a {type(hits).__name__}, not works")
    return hits


def _total(page: PageView, of: str) -> int:
    """How many works there are. Raises `PaginationError` where a search does not show them all."""
    told = page.doc.get("nbreponses")
    if not isinstance(told, int | str) or not str(told).isdecimal():
        raise PaginationError("'nbreponses' is no number: nobody knows how many works there are")
    if int(told) >= MOST_HITS:
        raise PaginationError(
            f"{of}: {int(told):,} works, and a search counts and shows {MOST_HITS:,} at most, so that the day"
            " cannot be had whole. Load its books by their EANs (task products), and the days around it with"
            " --from and --until"
        )
    return int(told)


def _id(hit: Any) -> str:
    """What tells works apart; a work without an id is told by all that it holds."""
    return f"id {hit['id']!r}" if isinstance(hit, dict) and "id" in hit else repr(hit)


def _rows_of(hits: list[Any]) -> Iterator[Row]:
    """A row for each article. What is no work with articles becomes a row all the same, for the contract to
    refuse: nothing is left out in silence.
    """
    for hit in hits:
        articles = _articles(hit)
        if articles:
            yield from (_row(hit, article) for article in articles)
        else:
            yield {"oeuvre": hit}


def _row(work: Row, article: Any) -> Row:
    ean = article.get("gencod") if isinstance(article, dict) else None
    rest = {name: value for name, value in work.items() if name != "article"}
    return {"ean": _ean(ean), "deleted": False, "oeuvre": rest, "article": article}


def _ean(gencod: Any) -> str | None:
    """A number has lost the zeros in front."""
    number = isinstance(gencod, int) and not isinstance(gencod, bool)
    return f"{gencod:013d}" if number else None if gencod is None else str(gencod)


def _articles(work: Any) -> list[Any]:
    articles = list_of_numbered(work.get("article")) if isinstance(work, dict) else []
    return articles if isinstance(articles, list) else []


def _alone(page: PageView, ean: str) -> Row:
    """The row of one EAN; without its article, for the contract to refuse, where the work lacks it."""
    if page.status_code == 404:
        return {"ean": ean, "deleted": True, "oeuvre": None, "article": None}
    work = page.doc.get("oeuvre") if isinstance(page.doc, dict) else page.doc
    rows = (row for row in _rows_of([work]) if row.get("ean") == ean)
    return next(rows, {"ean": ean, "deleted": False, "oeuvre": work})
