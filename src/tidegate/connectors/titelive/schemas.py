"""What Titelive sends: the read contracts.

There is no official description; the facts are those of working clients (`README.md` beside this file).
A row is one article with its work, as `routes.py` finds them in an answer. What may be missing from an
article is what only books have; a name that the API changes must stop a run.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from tidegate.contracts.base import ReadContract
from tidegate.contracts.normalising import (
    DayFirstDate,
    EmptyToNone,
    HtmlText,
    NumericKeys,
    ZeroOne,
    list_of_numbered,
)

_GTL_DIGITS = 8
_WORK, _ARTICLE = "oeuvre", "article"


def _none_of_empty(value: Any) -> Any:
    """PHP writes an object without members as an empty list."""
    return None if value in ([], "") else value


def _gtl_code(code: str) -> str:
    """With the zero in front that is lost where the vendor took the code for a number."""
    return code.zfill(_GTL_DIGITS) if code.isdecimal() and len(code) == _GTL_DIGITS - 1 else code


def _subjects(value: Any) -> list[Any]:
    """The subjects in `gtl`, however they are wrapped: null, a list, an object by number or by name, or both
    of these one in the other. In the order of the numbers, else as they came.
    """
    if value in (None, "", [], {}):
        return []
    if isinstance(value, dict) and "code" in value:
        return [value]
    inner = list_of_numbered(value)
    if isinstance(inner, dict):
        inner = list(inner.values())
    if not isinstance(inner, list):
        raise PydanticCustomError("gtl", "Input should be null, or subjects with a code each")
    return [subject for each in inner for subject in _subjects(each)]


class ApiSubject(ReadContract):
    """One level of the French trade's classification of books (GTL): `01000000` to the finest."""

    code: Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_gtl_code)]
    libelle: HtmlText


class ApiPrice(ReadContract):
    value: Decimal
    devise: HtmlText  # `&euro;`


class ApiArticle(ReadContract):
    """One edition of a work."""

    gencod: Annotated[str, Field(coerce_numbers_to_str=True)]
    editeur: HtmlText | None
    prix: EmptyToNone[Decimal]
    prixpays: Annotated[dict[str, ApiPrice] | None, BeforeValidator(_none_of_empty)] = None
    taux_tva: EmptyToNone[Decimal]
    dateparution: EmptyToNone[DayFirstDate]
    datemodification: EmptyToNone[DayFirstDate]
    dispo: EmptyToNone[int]
    image: EmptyToNone[ZeroOne]
    scolaire: EmptyToNone[ZeroOne] = None
    pages: EmptyToNone[int] = None
    poids: EmptyToNone[int] = None
    gtl: Annotated[list[ApiSubject], BeforeValidator(_subjects)] = Field(default_factory=list)


class ApiWork(ReadContract):
    """A work without its articles."""

    id: int
    titre: HtmlText
    auteurs: HtmlText | None
    auteurs_multi: EmptyToNone[NumericKeys[list[HtmlText]]] = None


class ApiProduct(ReadContract):
    """One article with its work; of an EAN that the API does not know any more neither."""

    ean: str
    deleted: bool
    # The same keys twice: as they came, and as they are meant. Mypy takes no key for two fields.
    work_as_sent: dict[str, Any] | None = Field(None, validation_alias=_WORK)  # type: ignore[pydantic-alias]
    article_as_sent: dict[str, Any] | None = Field(None, validation_alias=_ARTICLE)  # type: ignore[pydantic-alias]
    work: ApiWork | None = Field(alias="oeuvre")
    article: ApiArticle | None
