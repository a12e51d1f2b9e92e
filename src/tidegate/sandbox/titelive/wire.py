"""A work as the API sends it, with every oddity of its JSON, each of them on some works and not on others.

A work looks the same in every answer until it is changed, so that a test can compare what was loaded with
what was sent, byte for byte.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tidegate.sandbox import draws
from tidegate.sandbox.titelive.catalogue import Catalogue, Place, ean_of

_TITLES = (
    "L&eacute;gendes d&#39;automne",
    "Le Rouge &amp; le Noir",
    "Contes \u00e0 r\u00eaver",
    "R&amp;eacute;sum&eacute;s",
    "B\u00e9r\u00e9nice",
    "\u00c0 l&#x2019;ombre",
)
_AUTHORS = ("Ren&eacute; Char", "Colette", "A. &amp; B. Strougatski", "\u00c9mile Zola", "NDiaye, Marie")
_PUBLISHERS = ("ALLARY", "&Eacute;ditions de Minuit", "ACTES SUD", "J&#039;AI LU", None)
_SUBJECTS = (
    ("1000000", "SCOLAIRE"),
    ("3000000", "BD"),
    ("03010000", "BD tout public"),
    (4000000, "LITT&Eacute;RATURE"),
    ("04060100", "Policier &amp; Thriller"),
)


def work_of(catalogue: Catalogue, work: int) -> dict[str, Any]:
    """The whole work, with all its articles."""
    rng = draws.stream(catalogue.seed, "work", work, catalogue.editions.get(work, 0))
    authors = rng.sample(_AUTHORS, rng.randrange(1, 3))
    articles = [_article(catalogue, place) for place in catalogue.places(work)]
    sent: dict[str, Any] = {
        "id": work + 2_000_000,
        "titre": f"{rng.choice(_TITLES)} {work}",
        "auteurs": rng.choice([" ; ".join(authors), " ; ".join(authors), None]),
        "auteurs_multi": listed(rng, authors),
        "article": listed(rng, articles),
        "numcollection": rng.choice(["", "12", None]),
    }
    if rng.random() < 0.1:
        sent.pop("auteurs_multi")
    return sent


def listed(rng: random.Random, items: list[Any], *, first: int = 1) -> Any:
    """As PHP sends an array: a list, or, with a gap in its numbers, an object; not in their order, either."""
    form = rng.randrange(3)
    if form == 0:
        return items
    step = form  # 1, 2, 3, ... or 1, 3, 5, ..., whose order as text is another one from 10 on
    numbered = [(str(first + at * step), item) for at, item in enumerate(items)]
    rng.shuffle(numbered)
    return dict(numbered)


def _article(catalogue: Catalogue, place: Place) -> dict[str, Any]:
    edition = catalogue.editions.get(place.work, 0)
    rng = draws.stream(catalogue.seed, "article", place.work, place.article, edition)
    price = rng.randrange(100, 9_000) / 100
    published = date(1995, 1, 1) + timedelta(days=rng.randrange(11_000))
    sent: dict[str, Any] = {
        "gencod": ean_of(place),
        "editeur": rng.choice(_PUBLISHERS),
        "prix": rng.choice([price, f"{price:.2f}"]) if rng.random() < 0.95 else "",
        "prixpays": _prices(rng, price),
        "dateparution": "" if rng.random() < 0.05 else _day(published),
        "datemodification": _day(catalogue.modified_on(place)),
        "dispo": _number(rng, rng.choice([1, 2, 3, 4, 6, 7])),
        "image": _flag(rng),
        "taux_tva": rng.choice(["5.50", "20.00", 5.5, "2.1"]),
        "gtl": _gtl(rng),
        "libelleserie": rng.choice(["", "Folio &amp; Cie"]),
        "drm": None,
    }
    if catalogue.base(place.work) == "paper":
        sent |= {
            "pages": rng.choice(["", str(rng.randrange(24, 900)), rng.randrange(24, 900)]),
            "poids": rng.choice(["", "540", rng.randrange(50, 3_000)]),
            "scolaire": _flag(rng),
        }
    return sent | catalogue.spoilt.get(place, {})


def _prices(rng: random.Random, price: float) -> Any:
    sign = rng.choice(["&euro;", "\u20ac", "EUR"])
    forms: list[Callable[[], Any]] = [
        lambda: {"fr": {"value": price, "devise": sign}},
        lambda: {"fr": {"value": f"{price:.2f}", "devise": sign}, "ch": {"value": 31, "devise": "CHF"}},
        lambda: {"ch": {"value": 31, "devise": "CHF"}},
        list,
        lambda: None,
    ]
    return rng.choice(forms)()


def _gtl(rng: random.Random) -> Any:
    subjects = [
        {"code": code, "libelle": label} for code, label in rng.sample(_SUBJECTS, rng.randrange(1, 4))
    ]
    forms: list[Callable[[], Any]] = [
        lambda: None,
        list,
        lambda: {"first": listed(rng, subjects)},
        lambda: {"first": listed(rng, subjects[:1]), "second": listed(rng, subjects[1:])},
        lambda: listed(rng, subjects),
        lambda: subjects,
    ]
    return rng.choice(forms)()


def _number(rng: random.Random, value: int) -> Any:
    return str(value) if rng.random() < 0.5 else value


def _flag(rng: random.Random) -> Any:
    return rng.choice(["0", "1", "0", "1", 0, 1])


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
